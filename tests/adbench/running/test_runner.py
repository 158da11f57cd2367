"""One cell: what it records, what it refuses, what makes it another cell."""

from __future__ import annotations

import contextlib
import json
import platform
import time
from pathlib import Path

import numpy as np
import pytest
import toyplugin
from sklearn.metrics import roc_auc_score
from toyrun import toy_run

from adbench import UserError
from adbench.contracts.protocol import Protocol
from adbench.metrics import METRICS
from adbench.planning.options import RunOptions
from adbench.results.store import RunFolder
from adbench.running.environment import package_versions


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "run"


def test_the_recorded_auroc_is_that_of_the_recorded_scores(out: Path) -> None:
    run = toy_run(out, datasets="toy-a", track=("few-shot",), shots=(2,))
    record = run.records[0]
    scores = RunFolder(out).scores(record.id)
    assert record.metrics["image_auroc"] == pytest.approx(roc_auc_score(scores.labels, scores.scores), abs=1e-12)
    assert 0.5 < record.metrics["pixel_auroc"] <= 1
    assert record.counts["normal"] == record.counts["abnormal"] == 8
    assert scores.ids == sorted(scores.ids)
    assert [group[0] for group in scores.groups] == ["a"] * 8 + ["s"] * 8


def test_scores_are_kept_raw(out: Path) -> None:
    big = toy_run(out, datasets="toy-a", parameters={"peak": {"scale": "1e6"}})
    small = toy_run(out, datasets="toy-a", parameters={"peak": {"scale": "1"}})
    ratio = RunFolder(out).scores(big.records[0].id).scores / RunFolder(out).scores(small.records[0].id).scores
    np.testing.assert_allclose(ratio, 1e6)


def test_the_same_cell_gives_the_same_bits(tmp_path: Path) -> None:
    first, second = (toy_run(tmp_path / name, seeds=(0, 1)) for name in "ab")
    for one, other in zip(first.records, second.records, strict=True):
        assert one.id == other.id
        folders = [RunFolder(run.folder).scores(one.id).scores.tobytes() for run in (first, second)]
        assert folders[0] == folders[1]


def test_the_batch_size_does_not_matter(tmp_path: Path) -> None:
    one, many = (toy_run(tmp_path / str(size), datasets="toy-a", batch_size=size) for size in (1, 100))
    assert one.records[0].metrics == many.records[0].metrics


def test_a_set_without_masks_has_no_pixel_figure(out: Path) -> None:
    metrics = toy_run(out, datasets="toy-plain").records[0].metrics
    assert set(metrics) == {"image_auroc", "image_ap", "image_f1_max", "image_fpr95"}


def test_what_is_done_is_not_computed_again(out: Path, monkeypatch) -> None:
    first = toy_run(out)
    monkeypatch.setattr(toyplugin.Peak, "fit", lambda *_: pytest.fail("computed again"))
    assert toy_run(out).records == first.records


@pytest.mark.parametrize(
    "change",
    [
        {"seeds": (1,)},
        {"shots": (2,)},
        {"track": ("full-normal",)},
        {"preset": "paper"},
        {"parameters": {"peak": {"scale": "3"}}},
        {"limit": 4},
        {"precision": "bf16"},
    ],
)
def test_a_change_is_another_cell(out: Path, change: dict) -> None:
    toy_run(out, datasets="toy-a")
    toy_run(out, datasets="toy-a", **change)
    assert len(list(RunFolder(out).records())) == 2


def test_another_version_of_the_protocol_is_another_cell(out: Path, monkeypatch) -> None:
    toy_run(out, datasets="toy-a")
    monkeypatch.setattr(RunOptions, "protocol", Protocol(version="next"))
    toy_run(out, datasets="toy-a")
    assert len(list(RunFolder(out).records())) == 2


def test_changed_data_is_another_cell(out: Path, monkeypatch) -> None:
    toy_run(out, datasets="toy-a")
    monkeypatch.setattr(toyplugin.ToySet, "fingerprint", lambda self: "f" * 64)
    toy_run(out, datasets="toy-a")
    assert len(list(RunFolder(out).records())) == 2


def test_a_changed_weights_file_is_another_cell(out: Path, tmp_path: Path) -> None:
    for content in (b"one", b"two"):
        (tmp_path / "toy.safetensors").write_bytes(content)
        toy_run(
            out,
            datasets="toy-a",
            parameters={"peak": {"weights": "toy-weights"}},
            weights={"toy-weights": tmp_path / "toy.safetensors"},
        )
    assert len(list(RunFolder(out).records())) == 2


def test_weights_that_a_method_takes_by_itself_are_part_of_the_cell(out: Path, tmp_path: Path) -> None:
    for content in (b"one", b"two"):
        (tmp_path / "toy.safetensors").write_bytes(content)
        run = toy_run(out, methods="own", datasets="toy-a", weights={"toy-weights": tmp_path / "toy.safetensors"})
        assert list(run.records[0].identity["weights"]) == ["toy-weights"]
    assert len(list(RunFolder(out).records())) == 2


def test_another_version_of_what_decides_the_scores_is_another_cell(out: Path, monkeypatch) -> None:
    found = []
    for version in ("1.0.9", "1.0.20", "1.0.20"):
        monkeypatch.setattr("adbench.running.environment.version", lambda name, now=version: now if name == "timm" else "1")
        found += toy_run(out, methods="masky", datasets="toy-a").records
    assert [record.identity["packages"] for record in found] == [{"timm": "1.0.9"}, {"timm": "1.0.20"}, {"timm": "1.0.20"}]
    assert len({record.id for record in found}) == len(list(RunFolder(out).records())) == 2
    core = dict.fromkeys(("adbench-vision", "torch", "numpy", "pillow", "scipy"), "1")
    assert found[0].environment["packages"] == {**core, "timm": "1.0.9"}


def test_a_package_that_is_not_installed_has_no_version() -> None:
    assert package_versions(["numpy", "no-such-package"]) == {"numpy": np.__version__}


def test_zero_shot_cells_depend_on_the_other_sets(out: Path, monkeypatch) -> None:
    toy_run(out, datasets="toy-a", track=("zero-shot",))
    original = toyplugin.ToySet.fingerprint
    monkeypatch.setattr(toyplugin.ToySet, "fingerprint", lambda s: "e" * 64 if s.card.name == "toy-b" else original(s))
    toy_run(out, datasets="toy-a", track=("zero-shot",))
    assert len(list(RunFolder(out).records())) == 2


def test_a_failed_cell_is_recorded_and_the_others_go_on(out: Path) -> None:
    run = toy_run(out, methods="crash,peak", datasets="toy-a,toy-b")
    assert [record.status for record in run.records] == ["failed", "failed", "done", "done"]
    error = run.failed[0].error
    assert error["message"] == "ZeroDivisionError: a bug in the plugin"
    assert "toyplugin.py" in error["traceback"]


def test_a_failed_cell_is_tried_again(out: Path, monkeypatch) -> None:
    toy_run(out, methods="crash", datasets="toy-a")
    monkeypatch.setattr(toyplugin.Crash, "fit", toyplugin.Peak.fit)
    monkeypatch.setattr(toyplugin.Crash, "predict", lambda self, batch: toyplugin.adbench.Prediction(np.arange(len(batch)) * 1.0))
    run = toy_run(out, methods="crash", datasets="toy-a")
    assert run.failed == []
    assert [record.status for record in RunFolder(out).records()] == ["done"]


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("nan", "scores that are NaN or infinite"),
        ("inf", "scores that are NaN or infinite"),
        ("few", r"scores of shape \(15,\) for 16 images, not \(16,\)"),
        ("shape", r"scores of shape \(16, 1\)"),
        ("integer", "scores of type torch.int64"),
        ("none", "gave no scores, and its card does not say"),
        ("maps", "maps that are NaN"),
    ],
)
def test_wrong_predictions_fail_the_cell(out: Path, kind: str, message: str) -> None:
    run = toy_run(out, methods="wrong", datasets="toy-a", parameters={"wrong": {"kind": kind}})
    with pytest.raises(UserError, match=message):
        raise UserError(run.failed[0].error["message"])


def test_an_unreadable_image_fails_the_cell_and_names_the_file(out: Path) -> None:
    run = toy_run(out, datasets="toy-broken")
    assert run.failed[0].error["message"] == "/data/test/Ungood/3.png is truncated: copy it again."


def test_a_detector_that_swallows_the_error_fails_all_the_same(out: Path, monkeypatch) -> None:
    def predict(self, batch):
        with contextlib.suppress(UserError):
            batch.pixels(8)
        return toyplugin.adbench.Prediction(np.zeros(len(batch)))

    monkeypatch.setattr(toyplugin.Peak, "predict", predict)
    assert "truncated" in toy_run(out, datasets="toy-broken").failed[0].error["message"]


def test_out_of_memory_says_what_to_do(out: Path, monkeypatch) -> None:
    def fit(*_):
        raise MemoryError

    monkeypatch.setattr(toyplugin.Peak, "fit", fit)
    assert "lower --batch-size" in toy_run(out, datasets="toy-a").failed[0].error["message"]


def test_missing_weights_fail_only_the_cells_that_need_them(out: Path) -> None:
    run = toy_run(out, methods="peak,masky", datasets="toy-a", offline=True, parameters={"peak": {"weights": "toy-weights"}})
    assert [record.status for record in run.records] == ["failed", "done"]
    assert "--weights toy-weights=" in run.failed[0].error["message"]


def test_an_absent_gpu_is_an_error_before_anything_runs(out: Path) -> None:
    import torch

    if torch.cuda.is_available():
        pytest.skip("there is a GPU here")
    from adbench.running.environment import choose_device

    with pytest.raises(UserError, match="torch finds no usable GPU"):
        choose_device("cuda")


def test_the_oracle_keeps_the_best_checkpoint_and_is_marked(out: Path) -> None:
    run = toy_run(out, methods="oracle,peak", datasets="toy-a")
    oracle, peak = run.records
    assert oracle.metrics["image_auroc"] == pytest.approx(peak.metrics["image_auroc"], abs=0.05)
    assert (oracle.selection, oracle.transductive) == ("test-oracle", True)
    assert [row.mark for row in run.leaderboard()[0].rows] == ["", "test-oracle transductive"]


def test_the_state_is_kept_on_request(out: Path, monkeypatch) -> None:
    import torch
    from safetensors.torch import load_file

    monkeypatch.setattr(toyplugin.Peak, "state_dict", lambda self: {"mean": torch.tensor(self.mean)}, raising=False)
    run = toy_run(out, datasets="toy-a", keep=("state",))
    assert set(load_file(out / "cells" / run.records[0].id / "state.safetensors")) == {"mean"}


def test_the_record_says_what_it_was_measured_with(out: Path) -> None:
    record = toy_run(out, datasets="toy-a").records[0]
    written = json.loads((out / "cells" / record.id / "cell.json").read_text())
    assert written["schema"] == 1
    assert written["environment"]["packages"]["numpy"] == np.__version__
    assert written["environment"]["python"] == platform.python_version()
    assert written["identity"]["fingerprint"] == toyplugin.ToySet(toyplugin.toy_registry().dataset("toy-a"), None).fingerprint()
    assert written["identity"]["packages"] == {}


def test_seconds_are_those_of_fit_and_of_predict(out: Path, monkeypatch) -> None:
    fit, predict = toyplugin.Peak.fit, toyplugin.Peak.predict

    def slow_fit(self, support, ctx):
        time.sleep(0.3)
        fit(self, support, ctx)

    def slow_predict(self, batch):
        time.sleep(0.1)
        return predict(self, batch)

    monkeypatch.setattr(toyplugin.Peak, "fit", slow_fit)
    monkeypatch.setattr(toyplugin.Peak, "predict", slow_predict)
    seconds = toy_run(out, datasets="toy-a", batch_size=8).records[0].seconds  # two batches of the 16 test images
    assert 0.3 <= seconds["fit"] < 30
    assert 0.2 <= seconds["predict"] < 30


def test_the_frame_has_a_row_a_cell_and_metric(out: Path) -> None:
    run = toy_run(out, methods="peak,crash", datasets="toy-a")
    frame = run.frame()
    assert list(frame.columns) == ["method", "variant", "track", "k", "seed", "preset", "dataset", "metric", "value"]
    assert frame[frame.method == "crash"].value.isna().all()
    assert len(frame) == len(METRICS) + 1
