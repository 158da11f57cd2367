"""Runs as objects."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from toyrun import toy_run

from adbench.api import leaderboard, open_run
from adbench.leaderboard.material import gather
from adbench.results.store import RunFolder


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_a_cell_that_failed_in_one_run_and_was_measured_in_another_counts_as_measured(tmp_path: Path, order) -> None:
    (record,) = toy_run(tmp_path / "done", datasets="toy-a").records
    error = {"type": "OSError", "message": "no network", "traceback": ""}
    RunFolder.create(tmp_path / "failed").write(dataclasses.replace(record, status="failed", metrics={}, error=error))
    runs = [[open_run(tmp_path / name) for name in ("done", "failed")][number] for number in order]
    for tables in (leaderboard(runs), gather(runs).tables):
        (row,) = tables[0].rows
        assert row.figures["toy-a", "image_auroc"].value == record.metrics["image_auroc"]
        assert row.failed == {}
