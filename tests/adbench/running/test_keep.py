"""`--keep`: what is kept beside the scores, and when a finished cell is measured again for it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import toyplugin
from toyrun import toy_run

from adbench import UserError
from adbench.results.maps import read_maps
from adbench.results.store import RunFolder


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "run"


def files(out: Path, cell: str) -> set[str]:
    """Names in the cell's folder."""
    return {file.name for file in (out / "cells" / cell).iterdir()}


@pytest.mark.parametrize("dataset", ["toy-a", "toy-plain"])
def test_maps_of_every_test_image_are_kept(out: Path, dataset: str) -> None:
    record = toy_run(out, datasets=dataset, keep=("maps",)).records[0]
    table = read_maps(out / "cells" / record.id)
    assert table.maps.shape == (16, 240, 240)
    assert sorted(table.ids) == RunFolder(out).scores(record.id).ids
    assert record.kept == ["maps"]


def test_a_cell_without_its_maps_is_measured_again_and_loses_nothing(out: Path, monkeypatch) -> None:
    import torch

    monkeypatch.setattr(toyplugin.Peak, "state_dict", lambda self: {"mean": torch.tensor(self.mean)}, raising=False)
    plain = toy_run(out, datasets="toy-a").records[0]
    assert files(out, plain.id) == {"cell.json", "scores.parquet"}
    toy_run(out, datasets="toy-a", keep=("state",))
    both = toy_run(out, datasets="toy-a", keep=("maps",)).records[0]
    assert files(out, plain.id) == {"cell.json", "scores.parquet", "maps.npz", "state.safetensors"}
    assert (both.id, both.kept, both.metrics) == (plain.id, ["maps", "state"], plain.metrics)
    monkeypatch.setattr(toyplugin.Peak, "fit", lambda *_: pytest.fail("computed again"))
    assert toy_run(out, datasets="toy-a", keep=("state", "maps")).records == [both]
    assert toy_run(out, datasets="toy-a").records == [both]


def test_what_a_method_does_not_give_is_not_asked_for_for_ever(out: Path, monkeypatch) -> None:
    monkeypatch.setattr(toyplugin.Peak, "predict", lambda self, batch: toyplugin.adbench.Prediction(np.zeros(len(batch))))
    record = toy_run(out, datasets="toy-a", keep=("maps", "state")).records[0]
    assert files(out, record.id) == {"cell.json", "scores.parquet"}
    monkeypatch.setattr(toyplugin.Peak, "fit", lambda *_: pytest.fail("computed again"))
    assert toy_run(out, datasets="toy-a", keep=("maps", "state")).records == [record]


def test_a_finished_cell_survives_a_failure_when_measured_again(out: Path, monkeypatch) -> None:
    done = toy_run(out, datasets="toy-a").records[0]

    def fit(*_):
        raise MemoryError

    monkeypatch.setattr(toyplugin.Peak, "fit", fit)
    run = toy_run(out, datasets="toy-a", keep=("maps",))
    assert "lower --batch-size" in run.failed[0].error["message"]
    assert list(RunFolder(out).records()) == [done]


def test_unknown_things_cannot_be_kept(out: Path) -> None:
    with pytest.raises(UserError, match=r"Unknown value of --keep 'map'.*maps"):
        toy_run(out, datasets="toy-a", keep=("map",))
