"""Compare a run with a baseline, or two runs, cell by cell: better, same, worse, incomparable."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from adbench.baseline import BaselineCell, cell_key, cell_label
from adbench.errors import ExitCode
from adbench.metrics.comparison import paired_difference
from adbench.results import CellRecord

Verdict = Literal["better", "same", "worse", "incomparable"]
TOLERANCE = 0.01
NORMAL_QUANTILE = 1.959963984540054  # of a 95 % interval


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """One cell of a comparison.

    Attributes:
        label: the cell.
        metric: what is compared.
        before, after: the figures, in [0, 1]; None where not measured.
        low, high: 95 % interval of after - before; None for a figure without a paired interval.
        verdict, reason: the outcome, and why for `incomparable`.
    """

    label: str
    metric: str
    before: float | None
    after: float | None
    low: float | None
    high: float | None
    verdict: Verdict
    reason: str = ""

    @property
    def difference(self) -> float | None:
        """after - before."""
        return None if self.before is None or self.after is None else self.after - self.before


def check(
    run: Iterable[BaselineCell],
    baseline: Iterable[BaselineCell],
    failed: Iterable[CellRecord] = (),
    tolerance: float = TOLERANCE,
) -> list[Comparison]:
    """Compare every cell of the baseline with that of the run, and every method's mean over its datasets.

    The interval of a difference of image AUROCs is the paired one of DeLong (1988), with subjects of Obuchowski (1997).
    A cell of a small set can lose several points within its interval; the mean over datasets, whose samples are
    independent, shows a loss that no single cell proves. Cells that only the run has have nothing to be compared with.

    Args:
        run, baseline: cells with their scores.
        failed: records of the run's failed cells.
        tolerance: how much AUROC may be lost, in [0, 1).
    """
    present = {cell.label: cell for cell in run}
    crashed = {cell_label(cell_key(record)): record for record in failed}
    compared: list[tuple[BaselineCell, Comparison]] = []
    for old in baseline:
        new = present.get(old.label)
        if new is None:
            record = crashed.get(old.label)
            reason = f"the cell failed: {record.error['message']}" if record and record.error else "the run lacks this cell"
            compared.append((old, _incomparable(old, reason)))
        else:
            compared.append((old, compare_cells(old, new, tolerance)))
    return [comparison for _, comparison in compared] + _means(compared, tolerance)


def compare_cells(old: BaselineCell, new: BaselineCell, tolerance: float) -> Comparison:
    """One verdict. The two may be the same cell of two runs, or two methods on the same images."""
    for name, value in old.conditions.items():
        if new.conditions.get(name) != value:
            return _incomparable(old, f"another {_WORDS.get(name, name)}")
    if old.ids != new.ids or old.labels != new.labels:
        return _incomparable(old, "other test images")
    labels = np.asarray(old.labels, bool)
    grouped = all(group is not None for group in old.groups)
    groups = np.asarray(old.groups) if grouped else None
    found = paired_difference(labels, np.asarray(new.scores), np.asarray(old.scores), groups)
    before, after = old.metrics.get("image_auroc"), new.metrics.get("image_auroc")
    if before is None or after is None:
        return _incomparable(old, "no image AUROC was measured")
    if np.isnan(found.low):
        return _incomparable(old, "too few images (or subjects) of a class for an interval")
    return Comparison(
        label=old.label,
        metric="image_auroc",
        before=before,
        after=after,
        low=found.low,
        high=found.high,
        verdict=verdict(found.low, found.high, tolerance),
    )


def verdict(low: float, high: float, tolerance: float) -> Verdict:
    """Worse where the whole interval lies below minus the tolerance, better where it lies above the tolerance."""
    if high < -tolerance:
        return "worse"
    return "better" if low > tolerance else "same"


def exit_code(compared: list[Comparison]) -> ExitCode:
    """3 where something is worse; 1 where something is incomparable, or nothing was compared at all."""
    verdicts = {comparison.verdict for comparison in compared}
    if "worse" in verdicts:
        return ExitCode.REGRESSION
    return ExitCode.CELL_FAILED if "incomparable" in verdicts or not compared else ExitCode.OK


_WORDS = {"fingerprint": "dataset content", "auxiliary": "content of the other sets", "protocol": "protocol"}


def _incomparable(old: BaselineCell, reason: str) -> Comparison:
    before = old.metrics.get("image_auroc")
    return Comparison(
        label=old.label,
        metric="image_auroc",
        before=before,
        after=None,
        low=None,
        high=None,
        verdict="incomparable",
        reason=reason,
    )


def _means(compared: list[tuple[BaselineCell, Comparison]], tolerance: float) -> list[Comparison]:
    """One row a method that has several datasets, all of them comparable."""
    methods: dict[str, list[tuple[BaselineCell, Comparison]]] = {}
    for cell, comparison in compared:
        track = f"{cell.key['track']} k={cell.key['k']}" if cell.key["k"] else cell.key["track"]
        methods.setdefault(f"{cell.key['variant']}, {track}, mean ({cell.key['preset']})", []).append((cell, comparison))
    return [
        _mean(label, rows, tolerance)
        for label, rows in methods.items()
        if len({cell.key["dataset"] for cell, _ in rows}) > 1 and all(row.low is not None for _, row in rows)
    ]


def _mean(label: str, rows: list[tuple[BaselineCell, Comparison]], tolerance: float) -> Comparison:
    # Seeds share their test images, so their errors are averaged as if they were one; datasets are independent.
    datasets = sorted({cell.key["dataset"] for cell, _ in rows})
    of = [[row for cell, row in rows if cell.key["dataset"] == name] for name in datasets]
    before = float(np.mean([np.mean([row.before for row in group]) for group in of]))
    after = float(np.mean([np.mean([row.after for row in group]) for group in of]))
    widths = [[row.high - row.low for row in group if row.high is not None and row.low is not None] for group in of]
    errors = [np.mean(group) / (2 * NORMAL_QUANTILE) for group in widths]
    half = NORMAL_QUANTILE * float(np.sqrt(np.sum(np.square(errors)))) / len(datasets)
    low, high = after - before - half, after - before + half
    return Comparison(
        label=label,
        metric="image_auroc",
        before=before,
        after=after,
        low=low,
        high=high,
        verdict=verdict(low, high, tolerance),
    )
