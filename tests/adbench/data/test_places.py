"""Where sets were found, by name."""

from __future__ import annotations

from pathlib import Path

import pytest

from adbench.data.places import KEPT, recall_places, remember_place


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
