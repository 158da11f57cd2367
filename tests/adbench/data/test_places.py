"""No path of this machine in what leaves it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from adbench.contracts.dataset import DatasetCard
from adbench.data.accounting import Scan
from adbench.data.disk import DiskDataset
from adbench.data.places import KEPT, recall_places, remember_place, without_folders, without_places


def test_files_are_named_from_the_sets_folder(tmp_path: Path) -> None:
    (tmp_path / "d").mkdir()
    os.symlink(tmp_path / "d", tmp_path / "link")
    text = f"The mask {tmp_path}/d/test/1.png is missing; see {tmp_path}/d."
    for folder in (tmp_path / "d", tmp_path / "link"):
        assert without_folders(text, [folder]) == "The mask test/1.png is missing; see d."
    assert without_folders("/x", [Path("/")]) == "/x"


def test_of_a_dataset_only_what_is_known_counts(tmp_path: Path) -> None:
    class Set(DiskDataset):
        def find(self) -> Scan:
            return Scan(folder=tmp_path / "d")

    dataset = Set(DatasetCard(name="a", title="A", factory="x:Y"), None)
    text = f"{tmp_path}/d/1.png"
    assert without_places(text, dataset) == text
    assert not dataset.found
    assert without_places(text, dataset) == "1.png"
    assert without_places(text, None) == text


def test_places_are_remembered_latest_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ADBENCH_CACHE", str(tmp_path / "cache"))
    assert recall_places("a") == []
    for number in range(10):
        remember_place("a", str(number))
    remember_place("a", "5")
    assert recall_places("a") == ["5", "9", "8", "7", "6", "4", "3", "2"]
    assert len(recall_places("a")) == KEPT
    (tmp_path / "cache" / "places.json").write_text("{")
    assert recall_places("a") == []
    remember_place("b", "x")
    assert recall_places("b") == ["x"]


def test_a_cache_that_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("ADBENCH_CACHE", str(tmp_path / "file"))
    remember_place("a", "x")
    assert recall_places("a") == []
