"""The leaderboard of the page: metrics, ranks, ties, intervals."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from madeup import failed_cell, made_up_cell

from adbench.api import open_run
from adbench.leaderboard.material import gather
from adbench.report.boards import Panel, metric_names, panels
from adbench.results.store import RunFolder


def shown(folder: RunFolder) -> dict[str, Panel]:
    """The panels of a run by title."""
    return {panel.title: panel for panel in panels(gather([open_run(folder.path)]))}


def test_metrics_stand_in_the_order_of_the_catalogue_and_unknown_ones_last(folder: RunFolder) -> None:
    made_up_cell(folder, "m", "a", metrics={"speed_index": 0.5, "pixel_ap": 0.2, "image_f1_max": 0.8})
    assert metric_names(gather([open_run(folder.path)])) == ["image_auroc", "image_f1_max", "pixel_ap", "speed_index"]
    found = shown(folder)
    assert list(found) == ["Image AUROC (%)", "Image F1-max (%), threshold from test labels", "Pixel AP (%)", "speed index"]
    assert found["speed index"].explained == ""


def test_the_best_leads_and_what_the_data_cannot_tell_apart_is_tied(folder: RunFolder) -> None:
    normal = np.arange(20.0)
    # Of 400 pairs, 10 are in the wrong order, 11, and half of them.
    for name, abnormal in (("strong", [9.5] * 1), ("close", [8.5] * 1), ("weak", [9.5] * 20)):
        scored_cell(folder, name, normal, np.array([*abnormal, *[30.0] * (20 - len(abnormal))]))
    (board,) = shown(folder)["Image AUROC (%)"].boards
    ranks = {row.label: row.rank for row in board.rows}
    assert ranks == {"strong": "1=", "close": "1=", "weak": "3"}
    assert {row.label: row.figures[0].emphasis for row in board.rows} == {"strong": "best", "close": "tied", "weak": ""}
    values = {row.label: row.figures[0].value for row in board.rows}
    assert values == pytest.approx({"strong": 390 / 400, "close": 389 / 400, "weak": 200 / 400})


def scored_cell(folder: RunFolder, name: str, normal: np.ndarray, abnormal: np.ndarray) -> None:
    """A finished cell with these scores."""
    record = made_up_cell(folder, name, "a")
    table = folder.scores(record.id)
    scores = np.empty(table.scores.size)
    scores[table.labels], scores[~table.labels] = abnormal, normal
    area = float((abnormal[:, None] > normal).mean())
    folder.write(dataclasses.replace(record, metrics={"image_auroc": area}), dataclasses.replace(table, scores=scores))


def test_where_less_is_better_the_least_leads(folder: RunFolder) -> None:
    for name, rate in (("few", 0.1), ("many", 0.6)):
        made_up_cell(folder, name, "a", metrics={"image_fpr95": rate})
    panel = shown(folder)["Image FPR at 95 % TPR (%)"]
    (board,) = panel.boards
    assert not panel.higher_is_better
    assert [(row.label, row.rank, row.figures[0].emphasis) for row in board.rows] == [("few", "1", "best"), ("many", "2", "")]


def test_intervals_are_those_of_the_record(folder: RunFolder) -> None:
    made_up_cell(folder, "m", "a", metrics={"pixel_aupro": 0.8}, intervals={"pixel_aupro": [0.712, 0.861]})
    (board,) = shown(folder)["AUPRO (%)"].boards
    assert [figure.interval for figure in board.rows[0].figures] == ["71.2 to 86.1", "71.2 to 86.1"]


def test_marked_and_incomplete_rows_have_no_rank(folder: RunFolder) -> None:
    for dataset in ("a", "b"):
        made_up_cell(folder, "whole", dataset)
        made_up_cell(folder, "oracle", dataset, shift=9.0, selection="test-oracle")
    made_up_cell(folder, "part", "a")
    failed_cell(folder, "part", "b", "no")
    (board,) = shown(folder)["Image AUROC (%)"].boards
    assert {row.label: row.place for row in board.rows} == {"whole": 1, "part": None, "oracle": None}
    part = next(row for row in board.rows if row.label == "part")
    assert [(figure.value is None, figure.failed) for figure in part.figures] == [(False, False), (True, True), (True, False)]
    assert board.incomplete
