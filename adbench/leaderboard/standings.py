"""Which rows lead a table, and which cannot be told from the best: paired tests on the kept scores of the same images.

Every pair of rows is tested on every dataset, and on the mean over all of them. The best row is picked by the same
data that the tests use, so all pairs count in the correction (Holm 1979), not only those with the best.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from adbench.results.paired import Placed

SIGNIFICANCE = 0.05

Pair = tuple[str, str]
Column = str | None  # a dataset, or None for the mean over all of them


@dataclass(frozen=True)
class Standing:
    """Where a row stands in one column.

    Attributes:
        rank: 1 + the rows of all tie groups ahead. A group is its best row and all rows that do not differ from it.
        shared: other rows have the same rank.
        leads: no ranked row has a better figure.
        p: p-value of no difference from the best row, corrected over the table; None for the best row, or if not tested.
    """

    rank: int
    shared: bool
    leads: bool
    p: float | None

    def __str__(self) -> str:
        return f"{self.rank}=" if self.shared else str(self.rank)

    @property
    def emphasis(self) -> Literal["", "best", "tied"]:
        """`best`, or `tied` with it: not the best figure, but not significantly different from it."""
        return "best" if self.leads else "tied" if self.rank == 1 else ""


def paired_tests(rows: Mapping[str, Mapping[str, Placed]], datasets: Sequence[str]) -> dict[Column, dict[Pair, float]]:
    """p-values of "no difference" of every pair of rows, corrected over all pairs and columns together.

    Args:
        rows: row to dataset to its placements.
        datasets: the columns; with several, the mean over all of them is one too.

    Returns:
        Column to pair to p, each pair in both orders; NaN if the sample is too small, absent if not tested.
    """
    from adbench.metrics.comparison import holm, mean_contrast

    tests: list[tuple[Column, Pair, float]] = []
    for a, b in combinations(rows, 2):
        shared = [name for name in datasets if name in rows[a] and name in rows[b]]
        found = {name: made for name in shared if (made := rows[a][name].contrast(rows[b][name]))}
        tests += [(name, (a, b), made.difference().p) for name, made in found.items()]
        if len(found) == len(datasets):
            # With a single dataset, the mean is that dataset: one test, not two.
            mean = mean_contrast(list(found.values())).difference().p
            tests += [(None, (a, b), mean)] if len(datasets) > 1 else []
    corrected: dict[Column, dict[Pair, float]] = {}
    for (column, (a, b), _), p in zip(tests, holm([p for _, _, p in tests]), strict=True):
        corrected.setdefault(column, {}).update({(a, b): float(p), (b, a): float(p)})
    if len(datasets) == 1:
        corrected[None] = corrected.get(datasets[0], {})
    return corrected


def stand(figures: Mapping[str, float], p_values: Mapping[Pair, float]) -> dict[str, Standing]:
    """Rank the rows of one column in tie groups.

    Args:
        figures: row to its figure, higher = better.
        p_values: of pairs of rows. An absent pair was not tested: its figures decide. A pair with NaN was tested on too
            few images to tell anything: it is tied.
    """
    best = max(figures.values(), default=math.nan)
    left = sorted(figures, key=lambda name: -figures[name])
    first = left[0] if left else ""
    standings: dict[str, Standing] = {}
    while left:
        leader = left[0]
        group = [name for name in left if not _differs(leader, name, figures, p_values)]
        rank = len(standings) + 1
        for name in group:
            standings[name] = Standing(rank, len(group) > 1, figures[name] == best, _known(p_values.get((first, name))))
        left = [name for name in left if name not in standings]
    return standings


def _differs(leader: str, other: str, figures: Mapping[str, float], p_values: Mapping[Pair, float]) -> bool:
    if figures[leader] == figures[other]:
        return False
    return p_values[leader, other] < SIGNIFICANCE if (leader, other) in p_values else True


def _known(p: float | None) -> float | None:
    return None if p is None or math.isnan(p) else p


def count_tests(tests: Iterable[Mapping[Pair, float]]) -> int:
    """How many tests are behind the columns of `paired_tests`; those of a single dataset are those of the mean too."""
    distinct = {id(column): column for column in tests}
    return sum(len(column) // 2 for column in distinct.values())
