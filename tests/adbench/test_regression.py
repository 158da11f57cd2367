"""`check` and `compare`: better, same, worse, incomparable."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from adbench import UserError
from adbench.baseline import BaselineCell, read_baseline, write_baseline
from adbench.errors import ExitCode
from adbench.regression import check, exit_code, verdict
from adbench.render.comparison import to_json, to_junit, to_markdown

KEY = {"variant": "m", "dataset": "d", "track": "few-shot", "k": 4, "seed": 0, "preset": "demo"}


def cell(dataset: str = "d", noise: float = 0.0, count: int = 120, separation: float = 1.5, **conditions) -> BaselineCell:
    rng = np.random.default_rng([len(dataset), *dataset.encode()])
    labels = np.arange(count) % 2
    scores = rng.normal(size=count) + separation * labels
    scores = scores + noise * np.random.default_rng(1).normal(size=count)
    return BaselineCell(
        key={**KEY, "dataset": dataset},
        conditions={"dataset": dataset, "fingerprint": "f", "protocol": {}, **conditions},
        metrics={"image_auroc": float(roc_auc_score(labels, scores))},
        ids=[str(index) for index in range(count)],
        scores=scores.tolist(),
        labels=labels.tolist(),
        groups=[None] * count,
    )


def degraded(original: BaselineCell, drop: float) -> BaselineCell:
    """The cell with as much noise on its scores as lowers its AUROC by `drop`."""
    noise = np.random.default_rng(7).normal(size=len(original.scores))
    for scale in np.linspace(0, 20, 4000):
        scores = np.asarray(original.scores) + scale * noise
        auroc = float(roc_auc_score(original.labels, scores))
        if original.metrics["image_auroc"] - auroc >= drop:
            return dataclasses.replace(original, scores=scores.tolist(), metrics={"image_auroc": auroc})
    raise AssertionError("the noise never lowered the AUROC so far")


def verdicts(compared) -> list[str]:
    return [row.verdict for row in compared]


def test_a_run_against_itself_is_the_same() -> None:
    compared = check([cell()], [cell()])
    assert verdicts(compared) == ["same"]
    assert (compared[0].low, compared[0].high) == (0, 0)
    assert exit_code(compared) is ExitCode.OK


def test_a_large_loss_is_worse_and_named() -> None:
    compared = check([degraded(cell(), 0.15)], [cell()])
    assert verdicts(compared) == ["worse"]
    assert exit_code(compared) is ExitCode.REGRESSION
    assert compared[0].label == "m, few-shot k=4, d, seed 0 (demo)"


def test_a_gain_is_better() -> None:
    assert verdicts(check([cell()], [degraded(cell(), 0.15)])) == ["better"]


def test_a_loss_of_three_points_shows_in_the_mean_over_sets_that_are_too_small_to_show_it() -> None:
    names = [f"set{index}" for index in range(6)]
    old = [cell(name, count=300) for name in names]
    compared = check([degraded(each, 0.03) for each in old], old)
    assert compared[-1].label == "m, few-shot k=4, mean (demo)"
    assert compared[-1].verdict == "worse"
    assert exit_code(compared) is ExitCode.REGRESSION
    assert exit_code(check([degraded(each, 0.005) for each in old], old)) is ExitCode.OK


def test_a_missing_or_failed_cell_never_passes() -> None:
    compared = check([], [cell()])
    assert compared[0].reason == "the run lacks this cell"
    assert exit_code(compared) is ExitCode.CELL_FAILED
    assert exit_code(check([cell()], [])) is ExitCode.CELL_FAILED


@pytest.mark.parametrize("change", [{"fingerprint": "other"}, {"protocol": {"limit": 4}}])
def test_other_data_or_protocol_is_incomparable(change: dict) -> None:
    compared = check([cell(**change)], [cell()])
    assert verdicts(compared) == ["incomparable"]
    assert "another" in compared[0].reason


def test_other_images_or_one_class_are_incomparable() -> None:
    assert check([cell(count=60)], [cell()])[0].reason == "other test images"
    tiny = dataclasses.replace(cell(count=2), metrics={"image_auroc": 1.0})
    turned = dataclasses.replace(tiny, scores=tiny.scores[::-1])
    assert "too few images" in check([tiny], [turned])[0].reason


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [(-0.05, -0.02, "worse"), (-0.05, -0.005, "same"), (-0.005, 0.005, "same"), (0.02, 0.05, "better"), (0.001, 0.05, "same")],
)
def test_the_whole_interval_must_lie_beyond_the_tolerance(low: float, high: float, expected: str) -> None:
    assert verdict(low, high, 0.01) == expected


def test_a_baseline_reads_back(tmp_path: Path) -> None:
    file = tmp_path / "baseline.json"
    write_baseline([cell("a"), cell("b")], file, {"packages": {"torch": "2"}})
    again = read_baseline(file)
    assert exit_code(check([cell("a"), cell("b")], again)) is ExitCode.OK
    assert len(file.read_text().splitlines()) == 5


@pytest.mark.parametrize(
    ("content", "message"),
    [("{", "is not a baseline"), ('{"schema": 99, "cells": []}', "schema 99"), ('{"schema": 1, "cells": [{}]}', "not a whole")],
)
def test_a_bad_baseline_is_one_sentence(tmp_path: Path, content: str, message: str) -> None:
    file = tmp_path / "baseline.json"
    file.write_text(content)
    with pytest.raises(UserError, match=message):
        read_baseline(file)
    with pytest.raises(UserError, match="Cannot read"):
        read_baseline(tmp_path / "none.json")


def test_the_formats_name_what_is_worse() -> None:
    compared = check([degraded(cell(), 0.15)], [cell(), cell("gone")])
    assert "**Image AUROC (%) against the baseline: 1 worse, 1 incomparable**" in to_markdown(compared)
    rows = json.loads(to_json(compared))
    assert rows[0]["verdict"] == "worse"
    assert rows[0]["difference"] == pytest.approx(-0.15, abs=0.01)
    suite = ElementTree.fromstring(to_junit(compared))
    assert (suite.get("tests"), suite.get("failures"), suite.get("errors")) == ("2", "1", "1")
