"""Rows of equal size in a file: each is there whole, as its checksum says, or it is not there."""

from __future__ import annotations

import errno
import os
import zlib
from pathlib import Path

MARK_BYTES = 8
FILLED = 1 << 32  # beside the 32 bits of the checksum, so that no mark of a row is 0


class RowReader:
    """The rows of a `RowFile` for somebody who only reads them, from open files that he was handed.

    Args:
        rows, marks: descriptors of `rows.u8` and `marks.u8`; `close` closes them.
        row_bytes: size of each row.
    """

    def __init__(self, rows: int, marks: int, row_bytes: int) -> None:
        self._rows, self._marks, self._row_bytes = rows, marks, row_bytes

    def read(self, row: int, into: memoryview) -> bool:
        """Copy a row to a writable buffer of its size. False where it is not there or damaged; the buffer is then undefined."""
        mark = os.pread(self._marks, MARK_BYTES, row * MARK_BYTES)
        if mark in (b"", bytes(MARK_BYTES)):
            return False
        return _read_whole(self._rows, into, row * self._row_bytes) == self._row_bytes and mark == _mark(into)

    def close(self) -> None:
        """Give the files back."""
        os.close(self._rows)
        os.close(self._marks)


class RowFile(RowReader):
    """Rows that several threads and processes fill and read at once; two that fill one row must write the same.

    The space of a row is allocated before it is written, and its mark, which holds its checksum, is written last. A disk that
    gets full, a process that dies and a bit that flips all leave a row that does not read as filled. Files are read and
    written through their descriptors: a file that another program cut short is found out, where a memory map would end
    the process.

    Args:
        folder: is made where it is missing; it holds `rows.u8` and `marks.u8`.
        row_bytes: size of each row.

    Raises:
        OSError: the folder cannot be written.
    """

    def __init__(self, folder: Path, row_bytes: int) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        rows = os.open(folder / "rows.u8", os.O_RDWR | os.O_CREAT, 0o644)
        try:
            marks = os.open(folder / "marks.u8", os.O_RDWR | os.O_CREAT, 0o644)
        except OSError:
            os.close(rows)
            raise
        super().__init__(rows, marks, row_bytes)

    def open_for_reading(self) -> tuple[int, int]:
        """New descriptors of rows and marks that cannot write, for a `RowReader`; the caller closes them. Raises `OSError`."""
        rows = os.open(self._folder / "rows.u8", os.O_RDONLY)
        try:
            return rows, os.open(self._folder / "marks.u8", os.O_RDONLY)
        except OSError:
            os.close(rows)
            raise

    def write(self, row: int, content: memoryview) -> None:
        """Fill a row. Raises `OSError` where there is no space for it; the row then reads as not there."""
        _write_whole(self._marks, bytes(MARK_BYTES), row * MARK_BYTES)
        _write_whole(self._rows, content, row * self._row_bytes)
        _write_whole(self._marks, _mark(content), row * MARK_BYTES)


def _mark(content: memoryview) -> bytes:
    return (FILLED | zlib.crc32(content)).to_bytes(MARK_BYTES, "little")


def _read_whole(file: int, into: memoryview, offset: int) -> int:
    """How many bytes could be read; fewer than the buffer holds only at the end of the file."""
    done = 0
    while done < len(into) and (count := os.preadv(file, [into[done:]], offset + done)):
        done += count
    return done


def _write_whole(file: int, content: bytes | memoryview, offset: int) -> None:
    """All of it, or an error: one call may write less than it was given."""
    view = memoryview(content)
    _allocate(file, offset, len(view))
    done = 0
    while done < len(view):
        count = os.pwrite(file, view[done:], offset + done)
        if not count:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        done += count


def _allocate(file: int, offset: int, size: int) -> None:
    """Reserve the space, where the platform can: a hole that is filled later may find the disk full."""
    if hasattr(os, "posix_fallocate"):
        try:
            os.posix_fallocate(file, offset, size)
        except OSError as error:
            if error.errno not in (errno.EOPNOTSUPP, errno.EINVAL, errno.ENOSYS):
                raise
