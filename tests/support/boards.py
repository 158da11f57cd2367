"""Records with given figures, and records with scores, for leaderboards."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from madeup import ENVIRONMENT

from adbench.leaderboard.tables import Table, build_tables
from adbench.metrics import auroc
from adbench.results.record import CellRecord, ScoreTable


def record(method="a", dataset="d1", seed=0, value: float | None = 0.8, **changes) -> CellRecord:
    """A cell with this image AUROC; failed without one."""
    metrics = {} if value is None else {"image_auroc": value}
    defaults = {
        "id": f"{method}{dataset}{seed}{changes}",
        "status": "failed" if value is None else "done",
        "identity": {},
        "method": method,
        "variant": method,
        "title": method.upper(),
        "dataset": dataset,
        "track": "few-shot",
        "k": 4,
        "seed": seed,
        "preset": "demo",
        "metrics": metrics,
        "environment": ENVIRONMENT,
    }
    return CellRecord(**{**defaults, **changes})


Measured = tuple[CellRecord, ScoreTable]


def measured(
    method: str, scores: Sequence[float], labels: Sequence[int], groups: Sequence[str | None] = (), **changes
) -> Measured:
    """A cell and its scores, with their image AUROC."""
    table = ScoreTable(
        [f"{number:04d}" for number in range(len(labels))],
        np.asarray(scores, float),
        np.asarray(labels, bool),
        list(groups) or [None] * len(labels),
    )
    return record(method, value=float(auroc(table.labels, table.scores)), **changes), table


def tables_of(cells: Sequence[Measured], **options) -> list[Table]:
    """The leaderboard over these cells."""
    kept = {cell.id: scores for cell, scores in cells}
    return build_tables([cell for cell, _ in cells], lambda cell: kept[cell.id], **options)
