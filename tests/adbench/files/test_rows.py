"""Rows are whole or not there: on a disk that fills at any byte, with damaged files, with several writers."""

from __future__ import annotations

import errno
import os
import threading
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest

from adbench.files import rows
from adbench.files.rows import RowFile

ROWS, SIZE = 5, 37


def content(row: int) -> np.ndarray:
    """Bytes that tell the row."""
    return np.random.default_rng(row).integers(0, 256, SIZE, np.uint8)


def read(file: RowFile, row: int) -> np.ndarray | None:
    """What a row holds, or None."""
    found = np.zeros(SIZE, np.uint8)
    return found if file.read(row, memoryview(found)) else None


def test_a_row_is_there_once_it_is_written(tmp_path: Path) -> None:
    file = RowFile(tmp_path / "new", SIZE)
    file.write(3, memoryview(content(3)))
    assert [read(file, row) is not None for row in range(ROWS)] == [False, False, False, True, False]
    other = RowFile(tmp_path / "new", SIZE)
    np.testing.assert_array_equal(read(other, 3), content(3))


class FullDisk:
    """`os` with a disk of so many free bytes: what is allocated or written beyond is refused, in part as real ones do."""

    def __init__(self, free: int, allocates: bool) -> None:
        self.free = free
        self.allocates = allocates
        self.used: set[tuple[int, int]] = set()

    def __getattr__(self, name: str) -> object:
        return getattr(os, name)

    def _take(self, file: int, offset: int, size: int) -> int:
        inode = os.fstat(file).st_ino
        for byte in range(offset, offset + size):
            if (inode, byte) not in self.used:
                if not self.free:
                    return byte - offset
                self.free -= 1
                self.used.add((inode, byte))
        return size

    def posix_fallocate(self, file: int, offset: int, size: int) -> None:
        if not self.allocates:
            raise OSError(errno.EOPNOTSUPP, "not supported")
        if self._take(file, offset, size) < size:
            raise OSError(errno.ENOSPC, "No space left on device")
        os.posix_fallocate(file, offset, size)

    def pwrite(self, file: int, data: memoryview, offset: int) -> int:
        count = self._take(file, offset, len(data))
        if not count and len(data):
            raise OSError(errno.ENOSPC, "No space left on device")
        return os.pwrite(file, data[:count], offset)


@pytest.mark.parametrize("allocates", [True, False])
@pytest.mark.parametrize("free", range(2 * (SIZE + rows.MARK_BYTES) + 2))
def test_a_disk_that_fills_at_any_byte_leaves_no_wrong_row(
    free: int, allocates: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = FullDisk(free, allocates)
    monkeypatch.setattr(rows, "os", disk)
    file = RowFile(tmp_path, SIZE)
    written = []
    for row in (1, 0):
        with suppress(OSError):
            file.write(row, memoryview(content(row)))
            written.append(row)
    monkeypatch.setattr(rows, "os", os)
    for again in (file, RowFile(tmp_path, SIZE)):
        for row in range(ROWS):
            found = read(again, row)
            assert (found is not None) == (row in written)
            if found is not None:
                np.testing.assert_array_equal(found, content(row))
        for row in (0, 1):  # there is space now
            again.write(row, memoryview(content(row)))
            np.testing.assert_array_equal(read(again, row), content(row))
        written = [0, 1]


@pytest.mark.parametrize("name", ["rows.u8", "marks.u8"])
def test_a_flipped_bit_anywhere_is_found(name: str, tmp_path: Path) -> None:
    file = RowFile(tmp_path, SIZE)
    file.write(0, memoryview(content(0)))
    right = (tmp_path / name).read_bytes()
    for place in range(len(right) * 8):
        damaged = bytearray(right)
        damaged[place // 8] ^= 1 << place % 8
        (tmp_path / name).write_bytes(damaged)
        assert read(RowFile(tmp_path, SIZE), 0) is None, place


@pytest.mark.parametrize("name", ["rows.u8", "marks.u8"])
def test_a_file_that_was_cut_short_is_found(name: str, tmp_path: Path) -> None:
    file = RowFile(tmp_path, SIZE)
    file.write(0, memoryview(content(0)))
    assert read(file, 0) is not None
    os.truncate(tmp_path / name, (tmp_path / name).stat().st_size - 1)
    assert read(file, 0) is None  # also for who has it open


def test_several_threads_fill_and_read_at_once(tmp_path: Path) -> None:
    wrong: list[int] = []

    def work() -> None:
        file = RowFile(tmp_path, SIZE)
        for turn in range(50):
            row = turn % ROWS
            file.write(row, memoryview(content(row)))
            found = read(file, row)
            # Another one may be writing it: then it is not there, but never wrong.
            if found is not None and (found != content(row)).any():
                wrong.append(row)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
