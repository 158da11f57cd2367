"""Published figures, each with its source and how far it was confirmed, to put beside ours."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from adbench.leaderboard.tables import METRICS, Row, Table


@dataclass(frozen=True)
class PublishedFigure:
    """One figure of a paper or repository.

    Attributes:
        value: in [0, 1].
        source, table: where it stands.
        evidence: how far it was confirmed.
    """

    method: str
    track: str
    k: int
    dataset: str
    metric: str
    value: float
    source: str
    table: str
    evidence: str


def published_figures() -> list[PublishedFigure]:
    """All that come with adbench (`benchmarks/published/*.csv`, figures in percent there)."""
    folder = files("adbench") / "published_figures"
    if not folder.is_dir():  # a checkout: the wheel carries the files inside the package
        folder = Path(str(files("adbench"))).parent / "benchmarks" / "published"
    found = []
    for file in sorted(folder.iterdir(), key=lambda file: file.name):
        if file.name.endswith(".csv"):
            for line in csv.DictReader(file.read_text(encoding="utf-8").splitlines()):
                changed: dict[str, Any] = {**line, "k": int(line["k"]), "value": float(line["value"]) / 100}
                found.append(PublishedFigure(**changed))
    return found


def beside_ours(tables: Iterable[Table], figures: Iterable[PublishedFigure]) -> list[dict[str, Any]]:
    """Our figures that have published ones: same method with its own parameters, track, k, dataset, metric, preset `paper`.

    Figures under another protocol than the default (a limit, say) have nothing to be put beside.

    Returns:
        Rows `method, track, k, dataset, metric, ours, published, difference, source, table, evidence`; figures in [0, 1].
    """
    known: dict[tuple, list[PublishedFigure]] = {}
    for figure in figures:
        known.setdefault((_plain(figure.method), figure.track, figure.k, figure.dataset, figure.metric), []).append(figure)
    rows = []
    for table in tables:
        if table.preset != "paper" or table.condition:
            continue
        for row in table.rows:
            for metric in METRICS:
                for dataset in table.datasets_with(metric):
                    matches = known.get((_named_as_published(row), table.track, table.k, dataset, metric), [])
                    ours = row.figures.get((dataset, metric))
                    rows += [_pair(row, table, ours.value, match) for match in matches if ours]
    return rows


def _named_as_published(row: Row) -> str:
    # A variant with changed parameters is not what was published; `mvfa-official` is the release behind `mvfa`'s figures.
    if row.variant != row.method:
        return ""
    return _plain(row.method.removesuffix("-official").removeprefix("anomalib:"))


def _plain(method: str) -> str:
    # anomalib's class is Csflow where the paper's table says cs-flow.
    return method.lower().replace("-", "")


def _pair(row: Row, table: Table, ours: float, match: PublishedFigure) -> dict[str, Any]:
    return {
        "method": row.method,
        "track": table.track,
        "k": table.k,
        "dataset": match.dataset,
        "metric": match.metric,
        "ours": ours,
        "published": match.value,
        "difference": ours - match.value,
        "source": match.source,
        "table": match.table,
        "evidence": match.evidence,
    }
