"""`check` and `compare`: better, same, worse, incomparable."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import toyplugin
from baselinecells import KEY, cell, degraded, with_scores
from madeup import failed_cell, made_up_cell
from references import Variance, delong, student_ends
from sklearn.metrics import roc_auc_score
from toyrun import toy_run

from adbench.api import open_run
from adbench.errors import ExitCode
from adbench.regression.baseline import BaselineCell, baseline_cells
from adbench.regression.verdicts import Rule, check, exit_code
from adbench.results.store import RunFolder


def verdicts(compared) -> list[str]:
    return [row.verdict for row in compared]


def test_scores_that_rank_the_images_alike_are_the_same_for_certain() -> None:
    old = cell()
    compared = check([with_scores(old, np.exp(3 * np.asarray(old.scores)))], [old])
    assert verdicts(compared) == ["same"]
    assert (compared[0].low, compared[0].high) == (0, 0)
    assert compared[0].before == compared[0].after == pytest.approx(roc_auc_score(old.table.labels, old.scores), abs=1e-12)
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


def test_interval_is_that_of_delongs_paired_test() -> None:
    old, new = cell(), degraded(cell(), 0.05)
    row = check([new], [old])[0]
    found = delong(old.table.labels, np.asarray(new.scores), minus=np.asarray(old.scores))
    assert row.difference == pytest.approx(new.metrics["image_auroc"] - old.metrics["image_auroc"], abs=1e-12)
    assert (row.low, row.high) == pytest.approx(student_ends(row.difference, found), abs=1e-9)
    copied = check([copies(new, 3)], [copies(old, 3)])[0]
    assert (copied.low, copied.high) == pytest.approx((row.low, row.high), abs=1e-9)


def copies(original: BaselineCell, times: int) -> BaselineCell:
    """Every image so many times, as images of one subject: that tells nothing new."""
    return dataclasses.replace(
        original,
        images="copies",
        labels="".join(label * times for label in original.labels),
        scores=np.repeat(original.scores, times).tolist(),
        groups=np.repeat(np.arange(len(original.scores)), times).tolist(),
    )


def test_a_loss_of_three_points_shows_in_the_mean_over_sets_that_are_too_small_to_show_it() -> None:
    names = [f"set{index}" for index in range(6)]
    old = [cell(name, count=300) for name in names]
    compared = check([degraded(each, 0.03) for each in old], old)
    assert compared[-1].label == "m, few-shot k=4, mean (demo)"
    assert compared[-1].verdict == "worse"
    assert exit_code(compared) is ExitCode.REGRESSION
    assert exit_code(check([degraded(each, 0.005) for each in old], old)) is ExitCode.OK


def test_a_gain_on_every_set_is_a_gain_of_the_mean() -> None:
    new = [cell(name) for name in ("a", "b", "c")]
    assert verdicts(check(new, [degraded(each, 0.15) for each in new])) == ["better"] * 4


def test_the_mean_adds_up_the_variances_of_independent_sets() -> None:
    old = [cell(name, count=count) for name, count in (("a", 200), ("b", 160), ("c", 60))]
    new = [degraded(each, 0.05) for each in old]
    mean = check(new, old)[-1]
    found = [
        delong(before.table.labels, np.asarray(after.scores), minus=np.asarray(before.scores))
        for before, after in zip(old, new, strict=True)
    ]
    total = sum(each.variance for each in found)
    spread = Variance(total / 9, total**2 / sum(each.variance**2 / each.freedom for each in found))
    wanted = np.mean([b.metrics["image_auroc"] - a.metrics["image_auroc"] for a, b in zip(old, new, strict=True)])
    assert mean.difference == pytest.approx(wanted, abs=1e-12)
    assert (mean.low, mean.high) == pytest.approx(student_ends(wanted, spread), abs=1e-9)


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
    assert exit_code(check([new], [new], rule=Rule(0.0, strict=True))) is ExitCode.OK
    assert exit_code(check([new], [old], rule=Rule(0.0, strict=True))) is ExitCode.REGRESSION


def test_a_missing_or_failed_cell_never_passes(tmp_path: Path) -> None:
    compared = check([], [cell()])
    assert compared[0].reason == "the run does not have this cell"
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
        ({"fingerprint": "other"}, "different dataset content"),
        ({"protocol": {"limit": 4}}, "different protocol"),
        ({"auxiliary": {"x": "y"}}, "different content of the other sets"),
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
    whole, limited = cell(), cell(protocol={"limit": 4}, separation=0.2)
    compared = check([limited, degraded(whole, 0.15)], [whole, limited])
    assert verdicts(compared) == ["worse", "same"]
    assert [row.before for row in compared] == pytest.approx([whole.metrics["image_auroc"], limited.metrics["image_auroc"]])


def test_other_images_or_one_label_are_incomparable() -> None:
    assert check([cell(count=60)], [cell()])[0].reason == "different test images"
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
