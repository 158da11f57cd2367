"""`check` and `compare`: better, same, worse, incomparable."""

from __future__ import annotations

import dataclasses
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import toyplugin
from madeup import failed_cell, made_up_cell
from scipy import stats
from sklearn.metrics import roc_auc_score
from toyrun import toy_run

from adbench import UserError
from adbench.api import open_run
from adbench.errors import ExitCode
from adbench.metrics import auroc, paired_difference
from adbench.regression.baseline import BaselineCell, baseline_cells, read_baseline, write_baseline
from adbench.regression.power import detectable_loss
from adbench.regression.verdicts import Rule, check, exit_code
from adbench.results.record import ScoreTable
from adbench.results.store import RunFolder

KEY = {"variant": "m", "dataset": "d", "track": "few-shot", "k": 4, "seed": 0, "preset": "demo"}


def cell(dataset: str = "d", count: int = 120, separation: float = 1.5, seed: int = 0, **conditions) -> BaselineCell:
    labels = np.arange(count) % 2
    scores = np.random.default_rng([seed, *dataset.encode()]).normal(size=count) + separation * labels
    return BaselineCell(
        key={**KEY, "dataset": dataset, "seed": seed},
        conditions={"fingerprint": "f", "auxiliary": {}, "protocol": {}, **conditions},
        started="2026-01-05",
        metrics={"image_auroc": float(roc_auc_score(labels, scores))},
        intervals={},
        images=f"{dataset}{count}",
        labels="".join(map(str, labels)),
        groups=None,
        scores=scores.tolist(),
    )


def with_scores(original: BaselineCell, scores: np.ndarray) -> BaselineCell:
    auroc = float(roc_auc_score(original.table.labels, scores))
    return dataclasses.replace(original, scores=scores.tolist(), metrics={**original.metrics, "image_auroc": auroc})


def degraded(original: BaselineCell, drop: float) -> BaselineCell:
    """The cell with as much noise on its scores as lowers its AUROC by `drop`."""
    noise = np.random.default_rng(7).normal(size=len(original.scores))
    for scale in np.geomspace(0.01, 20, 400):
        scores = np.asarray(original.scores) + scale * noise
        if original.metrics["image_auroc"] - auroc(original.table.labels, scores) >= drop:
            return with_scores(original, scores)
    raise AssertionError("the noise never lowered the AUROC so far")


def verdicts(compared) -> list[str]:
    return [row.verdict for row in compared]


def test_a_run_against_itself_is_the_same() -> None:
    compared = check([cell()], [cell()])
    assert verdicts(compared) == ["same"]
    assert (compared[0].low, compared[0].high) == (0, 0)
    assert exit_code(compared) is ExitCode.OK


def test_three_points_lost_on_a_large_set_are_worse_and_named() -> None:
    large = cell(count=1500)
    compared = check([degraded(large, 0.03)], [large])
    assert verdicts(compared) == ["worse"]
    assert exit_code(compared) is ExitCode.REGRESSION
    assert compared[0].label == "m, few-shot k=4, d, seed 0 (demo)"
    assert compared[0].visible < 0.03
    assert exit_code(check([degraded(large, 0.006)], [large])) is ExitCode.OK


def test_a_gain_is_better() -> None:
    assert verdicts(check([cell()], [degraded(cell(), 0.15)])) == ["better"]


def test_interval_is_that_of_the_paired_test() -> None:
    old, new = cell(), degraded(cell(), 0.05)
    row = check([new], [old])[0]
    wanted = paired_difference(old.table.labels, new.scores, old.scores)
    assert (row.low, row.high) == pytest.approx((wanted.low, wanted.high))
    groups = [number // 4 for number in range(120)]
    grouped = check([dataclasses.replace(new, groups=groups)], [dataclasses.replace(old, groups=groups)])[0]
    wanted = paired_difference(old.table.labels, new.scores, old.scores, groups)
    assert (grouped.low, grouped.high) == pytest.approx((wanted.low, wanted.high))


def test_a_loss_of_three_points_shows_in_the_mean_over_sets_that_are_too_small_to_show_it() -> None:
    names = [f"set{index}" for index in range(6)]
    old = [cell(name, count=300) for name in names]
    compared = check([degraded(each, 0.03) for each in old], old)
    assert compared[-1].label == "m, few-shot k=4, mean (demo)"
    assert compared[-1].verdict == "worse"
    assert exit_code(compared) is ExitCode.REGRESSION
    assert exit_code(check([degraded(each, 0.005) for each in old], old)) is ExitCode.OK


def test_the_mean_adds_up_the_variances_of_independent_sets() -> None:
    old = [cell(name, count=200) for name in ("a", "b", "c")]
    new = [degraded(each, 0.05) for each in old]
    *single, mean = check(new, old)
    errors = [(row.high - row.low) / 2 / stats.t.ppf(0.975, 190) for row in single]
    half = stats.norm.ppf(0.975) * np.sqrt(np.square(errors).sum()) / 3
    assert mean.difference == pytest.approx(np.mean([row.difference for row in single]))
    assert (mean.high - mean.low) / 2 == pytest.approx(half, rel=0.02)


def test_seeds_share_their_images_and_narrow_the_mean_less_than_datasets_do() -> None:
    old = [cell(name, seed=seed) for name in ("a", "b") for seed in (0, 1)]
    compared = check([degraded(each, 0.05) for each in old], old)
    assert len(compared) == 5
    assert compared[-1].before == pytest.approx(np.mean([row.before for row in compared[:4]]))


def test_strict_goes_by_the_figures() -> None:
    old, new = cell(count=60), degraded(cell(count=60), 0.03)
    assert verdicts(check([new], [old])) == ["same"]
    assert exit_code(check([new], [old], rule=Rule(0.01, strict=True))) is ExitCode.REGRESSION
    assert exit_code(check([new], [old], rule=Rule(0.2, strict=True))) is ExitCode.OK
    assert exit_code(check([old], [old], rule=Rule(0.0, strict=True))) is ExitCode.OK


@pytest.mark.parametrize("count", [60, 1500])
def test_the_visible_loss_is_found_four_times_out_of_five(count: int) -> None:
    old = cell(count=count)
    loss = detectable_loss([old.table], 0.01)
    found = 0
    for draw in range(30):
        noise = np.random.default_rng([draw, 99]).normal(size=count)
        low, high = 0.0, 60.0
        for _ in range(20):  # as much of this noise as loses just so much
            middle = (low + high) / 2
            lost = old.metrics["image_auroc"] - auroc(old.table.labels, np.asarray(old.scores) + middle * noise)
            low, high = (middle, high) if lost < loss else (low, middle)
        found += check([with_scores(old, np.asarray(old.scores) + high * noise)], [old])[0].verdict == "worse"
    assert 0.6 <= found / 30 <= 1


def test_a_set_on_which_nothing_would_be_found_says_so() -> None:
    few = ScoreTable(["x"], np.array([0.1, 0.2, 0.9, 0.8]), np.array([False, False, True, True]), [None] * 4)
    assert detectable_loss([few], 0.01) is None


def test_a_missing_or_failed_cell_never_passes(tmp_path: Path) -> None:
    compared = check([], [cell()])
    assert compared[0].reason == "the run lacks this cell"
    assert exit_code(compared) is ExitCode.CELL_FAILED
    assert exit_code([]) is ExitCode.CELL_FAILED
    folder = RunFolder.create(tmp_path / "run")
    old = baseline_cells(folder, [made_up_cell(folder, "a", "d")])
    crash = failed_cell(folder, "a", "d", "boom", started="2026-01-06")
    assert check([], old, [crash])[0].reason == "the cell failed: boom"


def test_a_crash_after_the_cell_was_measured_counts_and_one_before_does_not(tmp_path: Path) -> None:
    folder = RunFolder.create(tmp_path / "run")
    done = baseline_cells(folder, [made_up_cell(folder, "a", "d", started="2026-01-05T10:00:00+00:00")])
    later = failed_cell(folder, "a", "d", "boom", started="2026-01-06T10:00:00+00:00")
    earlier = failed_cell(folder, "a", "d", "boom", started="2026-01-04T10:00:00+00:00")
    assert exit_code(check(done, done, [later])) is ExitCode.CELL_FAILED
    assert exit_code(check(done, done, [earlier])) is ExitCode.OK


def test_a_cell_that_can_no_longer_begin_counts_as_a_crash(tmp_path: Path, monkeypatch) -> None:
    out = tmp_path / "run"
    done = baseline_cells(RunFolder(out), toy_run(out, datasets="toy-a").records)
    monkeypatch.setattr(toyplugin.ToySet, "fingerprint", lambda self: 1 / 0)
    assert toy_run(out, datasets="toy-a").failed
    assert "ZeroDivisionError" in check(done, done, open_run(out).failed)[0].reason


def test_a_crash_that_the_baseline_does_not_know_does_not_pass_either(tmp_path: Path) -> None:
    folder = RunFolder.create(tmp_path / "run")
    compared = check([cell()], [cell()], [failed_cell(folder, "b", "d", "boom")])
    assert verdicts(compared) == ["same", "incomparable"]
    assert exit_code(compared) is ExitCode.CELL_FAILED


def test_new_cells_are_named_and_pass_only_beside_others() -> None:
    compared = check([cell(), cell("other")], [cell()])
    assert verdicts(compared) == ["same", "new"]
    assert "other" in compared[1].label
    assert exit_code(compared) is ExitCode.OK
    assert exit_code(check([cell()], [])) is ExitCode.CELL_FAILED


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"fingerprint": "other"}, "another dataset content"),
        ({"protocol": {"limit": 4}}, "another protocol"),
        ({"auxiliary": {"x": "y"}}, "another content of the other sets"),
    ],
)
def test_other_data_or_protocol_is_incomparable(change: dict, reason: str) -> None:
    compared = check([cell(**change)], [cell()])
    assert (verdicts(compared), compared[0].reason) == (["incomparable"], reason)


def test_another_preset_is_another_cell() -> None:
    paper = dataclasses.replace(cell(), key={**KEY, "preset": "paper"})
    assert exit_code(check([paper], [cell()])) is ExitCode.CELL_FAILED


def test_of_a_cell_measured_again_the_comparable_one_counts_else_the_last() -> None:
    trial = cell(protocol={"limit": 4})
    assert verdicts(check([degraded(cell(), 0.15), cell(), trial], [cell()])) == ["same"]


def test_one_baseline_may_hold_a_cell_under_several_protocols() -> None:
    cells = [cell(), cell(protocol={"limit": 4})]
    assert verdicts(check(cells, cells)) == ["same", "same"]


def test_other_images_or_one_label_are_incomparable() -> None:
    assert check([cell(count=60)], [cell()])[0].reason == "other test images"
    normal = dataclasses.replace(cell(), labels="0" * 120)
    assert "one label only" in check([normal], [normal])[0].reason
    tiny = cell(count=2)
    turned = dataclasses.replace(tiny, scores=tiny.scores[::-1])
    assert "too few images" in check([tiny], [turned])[0].reason


def pixels(value: float | None, interval: list[float] | None = None) -> BaselineCell:
    intervals = {"pixel_auroc": interval} if interval else {}
    return dataclasses.replace(cell(), metrics={**cell().metrics, "pixel_auroc": value}, intervals=intervals)


def test_pixel_figures_are_judged_by_the_intervals_of_both() -> None:
    old = pixels(0.9, [0.87, 0.92])
    assert verdicts(check([old], [old])) == ["same", "same"]
    assert verdicts(check([pixels(0.7, [0.66, 0.74])], [old])) == ["same", "worse"]
    assert verdicts(check([pixels(0.88, [0.85, 0.90])], [old])) == ["same", "same"]
    row = check([pixels(0.7, [0.66, 0.74])], [old])[1]
    assert (row.low, row.high) == pytest.approx((-0.2 - np.hypot(0.04, 0.02), -0.2 + np.hypot(0.04, 0.03)))


def test_pixel_figures_that_vanish_never_pass() -> None:
    assert verdicts(check([cell()], [pixels(0.9, [0.87, 0.92])])) == ["same", "incomparable"]
    assert verdicts(check([pixels(0.5)], [pixels(0.9)])) == ["same"]  # a baseline without an interval has nothing to judge by


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [(-0.05, -0.02, "worse"), (-0.05, -0.005, "same"), (-0.005, 0.005, "same"), (0.02, 0.05, "better"), (0.001, 0.05, "same")],
)
def test_the_whole_interval_must_lie_beyond_the_tolerance(low: float, high: float, expected: str) -> None:
    assert Rule(0.01).verdict((low + high) / 2, low, high) == expected


def test_a_baseline_reads_back(tmp_path: Path) -> None:
    file = tmp_path / "baseline.json"
    grouped = dataclasses.replace(cell("b"), groups=[number // 2 for number in range(120)])
    write_baseline([grouped, cell("a")], file, {"packages": {"torch": "2"}})
    assert read_baseline(file) == [cell("a"), grouped]
    lines = file.read_text().splitlines()
    assert len(lines) == 12  # a line of figures and one of scores a cell
    assert all(len(line) < 400 for line in lines[:6])


def test_a_baseline_of_a_stored_run_says_how_it_was_measured(tmp_path: Path) -> None:
    folder = RunFolder.create(tmp_path / "run")
    record = made_up_cell(folder, "a", "d", protocol={"limit": 3}, intervals={"image_auroc": [0.123456789, 0.9]})
    found = baseline_cells(folder, [record, failed_cell(folder, "b", "d", "boom")])
    assert len(found) == 1
    assert found[0].conditions["protocol"]["limit"] == 3
    assert found[0].intervals == {"image_auroc": [0.123457, 0.9]}
    assert found[0].scores == pytest.approx(folder.scores(record.id).scores, rel=1e-8)


def test_a_cell_without_a_figure_is_no_baseline(tmp_path: Path) -> None:
    unmeasured = dataclasses.replace(cell(), metrics={"image_auroc": None})
    with pytest.raises(UserError, match="needs test images of both labels"):
        write_baseline([unmeasured], tmp_path / "baseline.json", {})


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "is not a baseline"),
        ('{"schema": 2}', "not a whole baseline .`cells`: field required"),
        ("[]", "not a whole baseline .`schema`: expected a version number"),
        ('{"schema": 2, "cells": []}', "not a whole"),
        ('{"schema": 99, "cells": [], "scores": []}', "schema 99"),
        ('{"schema": 1, "cells": [{}]}', "not a whole"),
        ('{"schema": 2, "cells": [{}], "scores": [{}]}', "not a whole"),
        ('{"schema": 2, "cells": [{}], "scores": []}', "not a whole"),
    ],
)
def test_a_bad_baseline_is_one_sentence(tmp_path: Path, content: str, message: str) -> None:
    file = tmp_path / "baseline.json"
    file.write_text(content)
    with pytest.raises(UserError, match=message):
        read_baseline(file)
    with pytest.raises(UserError, match="Cannot read"):
        read_baseline(tmp_path / "none.json")


def changed(lines: dict[str, Any], part: str, field: str, value: Any) -> str:
    """A baseline of one cell with another value in one field."""
    lines = json.loads(json.dumps(lines))
    lines[part][0][field] = value
    return json.dumps(lines)


@pytest.mark.parametrize(
    ("part", "field", "value", "said"),
    [
        ("cells", "metrics", {"image_auroc": "0.9"}, "`cells.0.metrics.image_auroc`: input should be a valid number"),
        ("cells", "metrics", {"image_auroc": float("nan")}, "`cells.0.metrics.image_auroc`: input should be a finite number"),
        ("cells", "intervals", {"pixel_auroc": [0.1]}, "`cells.0.intervals.pixel_auroc`: list should have at least 2 items"),
        ("cells", "key", {"variant": "m"}, "`cells.0.key.dataset`: field required"),
        ("cells", "conditions", {"fingerprint": "f", "auxiliary": {}}, "`cells.0.conditions.protocol`: field required"),
        ("cells", "started", 5, "`cells.0.started`: input should be a valid string"),
        ("scores", "labels", "0120", "`scores.0.labels`: string should match"),
        ("scores", "labels", "01", "`scores.0`: labels, groups and scores are not of as many images"),
        ("scores", "groups", [1], "`scores.0`: labels, groups and scores are not of as many images"),
        ("scores", "scores", [0.1, None, 0.2, 0.3], "`scores.0.scores.1`: input should be a valid number"),
        ("scores", "scores", [0.1, float("nan"), 0.2, 0.3], "`scores.0.scores.1`: input should be a finite number"),
    ],
)
def test_a_field_of_a_baseline_that_does_not_fit_is_named(tmp_path: Path, part: str, field: str, value: Any, said: str) -> None:
    file = tmp_path / "baseline.json"
    write_baseline([cell(count=4)], file, {})
    file.write_text(changed(json.loads(file.read_text()), part, field, value))
    with pytest.raises(UserError, match=re.escape(f"{file} is not a whole baseline ({said}")):
        read_baseline(file)


def test_what_a_newer_writer_added_to_a_baseline_is_ignored(tmp_path: Path) -> None:
    file = tmp_path / "baseline.json"
    write_baseline([cell(count=4)], file, {})
    file.write_text(changed(json.loads(file.read_text()), "cells", "colour", "red"))
    assert read_baseline(file) == [cell(count=4)]


def test_a_cell_stands_in_a_baseline_once(tmp_path: Path) -> None:
    file = tmp_path / "baseline.json"
    write_baseline([cell(count=4), cell(count=4, separation=3.0)], file, {})
    with pytest.raises(UserError, match="`cells.1`: m, few-shot k=4, d, seed 0 .demo. stands there twice"):
        read_baseline(file)
