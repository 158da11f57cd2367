"""What methods cost."""

from __future__ import annotations

import pytest
from madeup import failed_cell, made_up_cell

from adbench.api import open_run
from adbench.leaderboard.material import gather
from adbench.report.costs import CostLine, CostTable, cost_blocks, cost_table
from adbench.results.store import RunFolder


def table(folder: RunFolder) -> CostTable:
    """The costs of a run."""
    return cost_table(gather([open_run(folder.path)]))


def value(line: CostLine, costs: CostTable, title: str) -> float | None:
    """One figure of a line."""
    return line.values[[column.title for column in costs.columns].index(title)]


def test_seeds_are_averaged_before_datasets(folder: RunFolder) -> None:
    for dataset, seed, seconds in (("a", 0, 1.0), ("a", 1, 3.0), ("b", 0, 10.0)):
        made_up_cell(folder, "m", dataset, seed=seed, seconds={"fit": seconds, "predict": 0.5})
    costs = table(folder)
    (line,) = costs.lines
    assert value(line, costs, "Fit (s)") == pytest.approx(6.0)


def test_a_cost_that_a_dataset_lacks_is_missing(folder: RunFolder) -> None:
    made_up_cell(folder, "m", "a", cost={"gflop_per_image": 2.0})
    made_up_cell(folder, "m", "b", cost={})
    made_up_cell(folder, "n", "a")
    failed_cell(folder, "n", "b", "no")
    costs = table(folder)
    first, second = sorted(costs.lines, key=lambda line: line.label)
    assert value(first, costs, "GFLOP an image") is None
    assert value(first, costs, "Fit (s)") == 1.5
    assert value(second, costs, "Fit (s)") is None


def test_what_nobody_measured_has_no_column(folder: RunFolder) -> None:
    made_up_cell(folder, "m", "a", cost={"images_per_second": 9.0})
    assert [column.title for column in table(folder).columns] == [
        "Fit (s)",
        "Predict (s)",
        "Images a second",
        "Peak memory (MB)",
    ]


def test_charts_name_what_they_cannot_show(folder: RunFolder) -> None:
    made_up_cell(folder, "m", "a", cost={"gflop_per_image": 2.0})
    made_up_cell(folder, "n", "a", cost={})
    made_up_cell(folder, "n", "a", track="zero-shot", k=0)
    blocks = {block.title: block for block in cost_blocks(gather([open_run(folder.path)]))}
    assert list(blocks) == ["Fit and predict (s)", "GFLOP an image", "Peak memory (MB)"]
    (chart,) = blocks["GFLOP an image"].charts
    assert [key.label for key in chart.legend] == ["m"]
    assert chart.note == "Not shown, without a figure on every dataset: n."
    assert blocks["GFLOP an image"].notes == ["zero-shot (preset demo): Not shown, without a figure on every dataset: n."]
