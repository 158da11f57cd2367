"""Pixels and masks of a list of images by row number, decoded by threads: the only place that knows which image a row is."""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Self

import numpy as np

from adbench.contracts.images import Interpolation, Size
from adbench.data.maskmemory import MaskMemory
from adbench.data.pixelstore import DecodedSplit, Entry, cache_error, decode, open_split
from adbench.errors import UserError

DECODE_THREADS = 8
AHEAD_IMAGES = 64
AHEAD_BYTES = 256 << 20

Sort = tuple[Size, Interpolation]


@dataclass(frozen=True)
class Table:
    """Where the pixels of all rows are kept.

    Attributes:
        files: descriptors of rows and marks of each file, open for reading; whoever asked closes them.
        places: (rows, 2) int32, the number of the file and the row in it.
    """

    files: list[tuple[int, int]]
    places: np.ndarray


@dataclass
class _Kept:
    """The files for one size."""

    splits: dict[tuple[int, str], DecodedSplit] = field(default_factory=dict)
    decoding: dict[int, Future[np.ndarray]] = field(default_factory=dict)
    ahead: int = 0


class RowServer:
    """Serves the rows of a list of entries; for one thread at a time.

    Args:
        entries: row i is the i-th of them.
        masks: where masks are read from; None = they are not granted.
        must_keep: raise `UserError` where the cache folder cannot be written; else images are then decoded each time.
    """

    def __init__(self, entries: Sequence[Entry], masks: MaskMemory | None = None, must_keep: bool = True) -> None:
        self._entries, self._masks, self._must_keep = list(entries), masks, must_keep
        self._kept: dict[Sort, _Kept] = {}
        self._pool = ThreadPoolExecutor(DECODE_THREADS, thread_name_prefix="adbench-decoder")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self._pool.shutdown(cancel_futures=True)
        for kept in self._kept.values():
            for split in kept.splits.values():
                split.close()

    def pixels(self, rows: Sequence[int], size: Size, interpolation: Interpolation) -> np.ndarray:
        """(len(rows), 3, h, w) uint8; what is not kept yet is decoded and kept. Raises `UserError` where an image cannot be read."""
        kept = self._of(size, interpolation)
        found = [self._read(kept, row, size, interpolation) for row in rows]
        result = np.empty((len(rows), 3, *size), np.uint8)
        for into, one in zip(result, found, strict=True):
            into[...] = one.result()
        for row in rows:
            kept.decoding.pop(row, None)
        return result

    def masks(self, rows: Sequence[int], size: Size) -> np.ndarray:
        """(len(rows), h, w) bool. Raises `UserError` where masks are not granted, or one is lacking."""
        if self._masks is None:
            raise UserError("Masks of these images are not granted.")
        return self._masks.masks([self._entries[row] for row in rows], size, self._pool.map)

    def table(self, size: Size, interpolation: Interpolation) -> Table | None:
        """Where the pixels of this size are kept, or will be; None where they cannot be kept."""
        kept = self._of(size, interpolation)
        try:
            splits = [self._split(kept, entry, size, interpolation) for entry in self._entries]
        except UserError:
            return None
        numbers = {id(split): number for number, split in enumerate(dict.fromkeys(splits))}
        places = [(numbers[id(s)], s.place(e.item.id)) for s, e in zip(splits, self._entries, strict=True)]
        files: list[tuple[int, int]] = []
        try:
            files.extend(split.open_for_reading() for split in dict.fromkeys(splits))
        except OSError:
            for descriptor in (one for pair in files for one in pair):
                os.close(descriptor)
            return None
        return Table(files, np.array(places, np.int32).reshape(-1, 2))

    def read_ahead(self, row: int, size: Size, interpolation: Interpolation) -> None:
        """Somebody reads this row: decode some of the following ones beforehand, in the order of the list."""
        kept = self._of(size, interpolation)
        bounded = min(AHEAD_IMAGES, max(1, AHEAD_BYTES // (3 * size[0] * size[1])))
        for done in [row for row, one in kept.decoding.items() if one.done()]:
            del kept.decoding[done]
        if row < kept.ahead - bounded:  # another pass over the same images: they are there
            return
        for following in range(max(kept.ahead, row + 1), min(row + 1 + bounded, len(self._entries))):
            if len(kept.decoding) >= bounded:
                return
            kept.decoding[following] = self._start(kept, following, size, interpolation)
            kept.ahead = following + 1

    def _of(self, size: Size, interpolation: Interpolation) -> _Kept:
        return self._kept.setdefault((size, interpolation), _Kept())

    def _read(self, kept: _Kept, row: int, size: Size, interpolation: Interpolation) -> Future[np.ndarray]:
        under_way = kept.decoding.get(row)
        return under_way or self._start(kept, row, size, interpolation)

    def _start(self, kept: _Kept, row: int, size: Size, interpolation: Interpolation) -> Future[np.ndarray]:
        entry = self._entries[row]
        try:
            split = self._split(kept, entry, size, interpolation)
        except UserError:
            if self._must_keep:
                raise
            return self._pool.submit(decode, entry, size, interpolation)
        return self._pool.submit(_fetched, split, entry, size, interpolation, self._must_keep)

    def _split(self, kept: _Kept, entry: Entry, size: Size, interpolation: Interpolation) -> DecodedSplit:
        key = (id(entry.dataset), entry.split)
        if key not in kept.splits:
            kept.splits[key] = open_split(entry, size, interpolation)
        return kept.splits[key]


def _fetched(split: DecodedSplit, entry: Entry, size: Size, interpolation: Interpolation, must_keep: bool) -> np.ndarray:
    """Pixels from the store; where it lacks them, or holds them damaged, they are decoded and kept."""
    pixels = np.empty((3, *size), np.uint8)
    try:
        if split.read(entry.item.id, pixels):
            return pixels
    except OSError as error:
        if must_keep:
            raise cache_error(error) from error
    pixels = np.ascontiguousarray(decode(entry, size, interpolation))
    try:
        split.keep(entry.item.id, pixels)
    except OSError as error:
        if must_keep:
            raise cache_error(error) from error
    return pixels
