"""Figures computed anew are those of the run, and nothing exact is replaced by something less so."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
import toyplugin
from toyplugin import toy_registry
from toyrun import toy_run

from adbench import UserError
from adbench.metrics import METRICS
from adbench.results.record import CellRecord
from adbench.results.remeasure import Remeasured, remeasure
from adbench.results.store import RunFolder

PIXEL = [metric.name for metric in METRICS if metric.kind == "pixel"]


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "run"


def anew(out: Path, limit: float = 0.3) -> list[Remeasured]:
    """All cells of the run."""
    folder = RunFolder(out)
    return list(remeasure(folder, folder.records(), toy_registry(), None, limit))


def old(out: Path) -> CellRecord:
    """Make the record one of a version that knew two figures only."""
    record = next(RunFolder(out).records())
    metrics = {name: record.metrics[name] for name in ("image_auroc", "pixel_auroc")}
    RunFolder(out).update(dataclasses.replace(record, metrics=metrics, intervals={}))
    return record


def test_kept_scores_and_maps_give_the_figures_of_the_run(out: Path) -> None:
    record = toy_run(out, datasets="toy-a", keep=("maps",)).records[0]
    (found,) = anew(out)
    assert found.problem == ""
    assert found.image.metrics | found.pixel.metrics == pytest.approx(record.metrics, abs=1e-3)
    assert found.image.metrics == {name: record.metrics[name] for name in found.image.metrics}
    for name, ends in (found.image.intervals | found.pixel.intervals).items():
        assert ends == pytest.approx(record.intervals[name], abs=2e-3)
    assert {row["source"] for row in found.rows()} == {"scores", "maps"}
    assert found.updated() == record


def test_no_method_is_run(out: Path, monkeypatch) -> None:
    toy_run(out, datasets="toy-a", keep=("maps",))
    for name in ("fit", "predict"):
        monkeypatch.setattr(toyplugin.Peak, name, lambda *_: pytest.fail("run again"))
    assert anew(out)[0].pixel is not None


def test_an_old_record_gets_what_it_lacked(out: Path) -> None:
    toy_run(out, datasets="toy-a", keep=("maps",))
    record = old(out)
    updated = anew(out)[0].updated()
    assert list(updated.metrics) == [metric.name for metric in METRICS]
    assert updated.metrics["pixel_auroc"] == record.metrics["pixel_auroc"]
    assert set(updated.intervals) == {"image_auroc", "pixel_auroc", "pixel_aupro"}


def test_without_maps_pixel_figures_are_those_recorded(out: Path) -> None:
    record = toy_run(out, datasets="toy-a").records[0]
    (found,) = anew(out)
    assert "--keep maps" in found.problem
    rows = {row["metric"]: row for row in found.rows()}
    assert {rows[name]["source"] for name in PIXEL} == {"record"}
    assert rows["pixel_aupro"]["value"] == record.metrics["pixel_aupro"]
    assert "pixel_aupro" not in {row["metric"] for row in anew(out, limit=0.1)[0].rows()}


def test_another_limit_moves_the_aupro_and_is_not_written(out: Path) -> None:
    record = toy_run(out, datasets="toy-a", keep=("maps",)).records[0]
    (found,) = anew(out, limit=0.05)
    assert found.pixel.metrics["pixel_aupro"] < record.metrics["pixel_aupro"]
    with pytest.raises(UserError, match="--fpr-limit"):
        found.updated()
    with pytest.raises(UserError, match="--fpr-limit"):
        anew(out, limit=0)


def test_masks_of_another_copy_are_not_used(out: Path, monkeypatch) -> None:
    toy_run(out, datasets="toy-a", keep=("maps",))
    monkeypatch.setattr(toyplugin.ToySet, "fingerprint", lambda self: "f" * 64)
    assert "not the one that was measured" in anew(out)[0].problem
    monkeypatch.setattr(toyplugin.ToySet, "fingerprint", lambda self: 1 / 0)
    assert "ZeroDivisionError" in anew(out)[0].problem
    monkeypatch.setattr(toyplugin.ToySet, "absence", lambda self: "It moved away.")
    assert anew(out)[0].problem == "It moved away."


def test_a_mask_that_is_gone_is_said_to_be(out: Path, cache: Path, monkeypatch) -> None:
    toy_run(out, datasets="toy-a", keep=("maps",))
    monkeypatch.setattr("adbench.data.pixelstore.cache_root", lambda: cache / "empty")
    monkeypatch.setattr(toyplugin.ToySet, "mask", lambda *_: None)
    assert "has no mask for the abnormal image" in anew(out)[0].problem


def test_a_set_without_masks_and_a_failed_cell_are_no_problem(out: Path) -> None:
    toy_run(out, methods="peak,crash", datasets="toy-plain")
    (found,) = anew(out)
    assert (found.pixel, found.problem, len(found.rows())) == (None, "", 4)


def test_broken_scores_are_a_problem_of_that_cell(out: Path) -> None:
    first, second = toy_run(out, datasets="toy-a,toy-b").records
    (out / "cells" / first.id / "scores.parquet").write_bytes(b"broken")
    found = {cell.record.id: cell for cell in anew(out)}
    assert "cannot be read" in found[first.id].problem
    assert {row["source"] for row in found[first.id].rows()} == {"record"}
    assert found[second.id].image is not None


def test_an_update_leaves_the_other_files_alone(out: Path) -> None:
    record = toy_run(out, datasets="toy-a", keep=("maps",)).records[0]
    before = toyplugin.files_below(out)
    RunFolder(out).update(dataclasses.replace(record, contradiction="so it was seen"))
    after = toyplugin.files_below(out)
    assert set(after) == set(before)
    assert [name for name in after if after[name] != before[name]] == [f"cells/{record.id}/cell.json"]
    assert json.loads(after[f"cells/{record.id}/cell.json"])["contradiction"] == "so it was seen"


def test_what_is_wrong_with_a_set_or_with_its_maps_is_a_problem_of_that_cell(out: Path, monkeypatch) -> None:
    first, second = toy_run(out, datasets="toy-a,toy-b", keep=("maps",)).records
    file = out / "cells" / first.id / "maps.npz"
    with np.load(file) as kept:
        arrays = dict(kept)
    for changed in ({"ids": np.char.add(arrays["ids"], "x")}, {"maps": arrays["maps"][:, :9, :9]}):
        np.savez(file, **arrays | changed)
        found = {cell.record.id: cell for cell in anew(out)}
        assert "maps.npz cannot be read" in found[first.id].problem
        assert found[second.id].pixel is not None
    monkeypatch.setattr(toyplugin.ToySet, "items", lambda *_: 1 / 0)
    monkeypatch.setattr(toyplugin.ToySet, "fingerprint", lambda self: first.identity["fingerprint"])
    np.savez(file, **arrays)
    assert "ZeroDivisionError" in {cell.record.id: cell for cell in anew(out)}[first.id].problem


def test_a_figure_that_the_catalogue_lacks_stays(out: Path) -> None:
    record = toy_run(out, datasets="toy-a").records[0]
    RunFolder(out).update(dataclasses.replace(record, metrics={"image_kappa": 0.5, **record.metrics}))
    assert anew(out)[0].updated().metrics == {**record.metrics, "image_kappa": 0.5}
