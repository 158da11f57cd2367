"""Rows by number: from the store, decoded ahead of whoever reads them, and without a store; masks never in a file."""

from __future__ import annotations

import os
import pickle
import threading
from pathlib import Path

import numpy as np
import pytest
from toyplugin import ToySet, toy_registry

from adbench.data import rowserver
from adbench.data.maskmemory import MaskMemory, mask_at
from adbench.data.rowserver import RowServer
from adbench.errors import UserError
from adbench.files.rows import RowReader
from adbench.planning.draws import entries

SIZE = (8, 8)


@pytest.fixture
def dataset() -> ToySet:
    return ToySet(toy_registry().dataset("toy-a"), None)


def test_the_table_leads_to_the_pixels(dataset: ToySet) -> None:
    with RowServer(entries(dataset, "test"), must_keep=False) as server:
        table = server.table(SIZE, "bicubic")
        right = server.pixels([5, 0, 11], SIZE, "bicubic")
        reader = RowReader(*table.files[0], 3 * 8 * 8)
        found = np.empty((3, 3, *SIZE), np.uint8)
        for row, into in zip([5, 0, 11], found, strict=True):
            number, place = table.places[row]
            assert number == 0
            assert reader.read(int(place), into.data.cast("B"))
        assert not reader.read(int(table.places[1][1]), found[0].data.cast("B"))
        with pytest.raises(OSError, match="Bad file descriptor"):
            os.pwrite(table.files[0][0], b"x", 0)
        reader.close()
    np.testing.assert_array_equal(found[1:], right[1:])


def test_following_rows_are_decoded_ahead_and_each_once(dataset: ToySet, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []
    image = ToySet.image

    def noted(self: ToySet, split: str, item: object) -> np.ndarray:
        seen.append(item.id)
        return image(self, split, item)

    monkeypatch.setattr(ToySet, "image", noted)
    monkeypatch.setattr(rowserver, "AHEAD_IMAGES", 4)
    test = entries(dataset, "test")
    with RowServer(test, must_keep=False) as server:
        server.pixels([0, 1], SIZE, "bicubic")
        server.read_ahead(1, SIZE, "bicubic")
        server.pixels([2, 3, 4, 5], SIZE, "bicubic")
        assert sorted(seen) == sorted(entry.item.id for entry in test[:6])
        server.read_ahead(5, SIZE, "bicubic")
        server.pixels(range(16), SIZE, "bicubic")
        server.read_ahead(3, SIZE, "bicubic")  # a second pass
    assert sorted(seen) == sorted(entry.item.id for entry in test)


def test_without_a_cache_that_can_be_written_images_are_decoded_each_time(
    dataset: ToySet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("ADBENCH_CACHE", str(tmp_path / "file" / "below"))
    with RowServer(entries(dataset, "test"), must_keep=False) as server:
        assert server.table(SIZE, "bicubic") is None
        assert server.pixels([3], SIZE, "bicubic").any()
    with RowServer(entries(dataset, "test")) as server, pytest.raises(UserError, match="Cannot keep decoded images"):
        server.pixels([3], SIZE, "bicubic")


def test_masks_are_read_once_and_lie_in_no_file(dataset: ToySet, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    test, memory = entries(dataset, "test"), MaskMemory()
    with RowServer(test, memory) as server:
        found = server.masks(range(16), SIZE)
    np.testing.assert_array_equal(found, [mask_at(entry, SIZE) for entry in test])
    assert found.any(axis=(1, 2)).tolist() == [entry.item.abnormal for entry in test]
    monkeypatch.setattr(ToySet, "mask", lambda *_: pytest.fail("read again"))
    np.testing.assert_array_equal(memory.masks(test, SIZE), found)
    assert [path for path in cache.rglob("*") if path.is_file()] == []


def test_the_memory_of_masks_is_bounded_and_stays_here(dataset: ToySet) -> None:
    test = entries(dataset, "test")
    right = MaskMemory().masks(test, (16, 16))
    small = MaskMemory(100)
    threads = [threading.Thread(target=small.masks, args=(test, (16, 16))) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    np.testing.assert_array_equal(small.masks(test, (16, 16)), right)
    assert small._held <= 100
    assert pickle.loads(pickle.dumps(small))._kept == {}


def test_masks_that_are_not_granted_are_not_served(dataset: ToySet) -> None:
    with RowServer(entries(dataset, "test")) as server, pytest.raises(UserError, match="not granted"):
        server.masks([0], SIZE)
