"""The pixel store: resized uint8 images and masks on disk.

Decoding and resizing a PNG takes milliseconds, reading it back from a memory map microseconds, so every image is
decoded once for a size and kept under the cache folder, addressed by the dataset's fingerprint.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from adbench.contracts.dataset import Dataset, Item, Split
from adbench.contracts.images import Interpolation, Size, resize_image, resize_mask
from adbench.errors import UserError
from adbench.files.cache import cache_root

Kind = Literal["pixels", "masks"]


@dataclass(frozen=True, slots=True)
class Entry:
    """One image of a dataset, with everything that is known of it. Never handed to a detector."""

    dataset: Dataset
    split: Split
    item: Item


class DecodedSplit:
    """Arrays of equal shape for the items of one split, filled as they are asked for.

    Rows are ordered by a hash of the item's id, so that a position tells nothing either. A row is written before its
    flag, with `pwrite`: a full disk raises here, where writing through a memory map would kill the process.
    """

    def __init__(self, folder: Path, ids: Sequence[str], shape: tuple[int, ...]) -> None:
        order = sorted(ids, key=lambda name: hashlib.sha256(name.encode()).digest())
        self.row = {name: row for row, name in enumerate(order)}
        self._bytes = int(np.prod(shape))
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._data = os.open(folder / "data.u8", os.O_RDWR | os.O_CREAT, 0o644)
            self._flags = os.open(folder / "filled.u8", os.O_RDWR | os.O_CREAT, 0o644)
            for file, size in ((self._data, len(ids) * self._bytes), (self._flags, len(ids))):
                if os.fstat(file).st_size < size:
                    os.truncate(file, size)
        except OSError as error:
            raise cache_error(error) from error
        self._pixels = np.memmap(folder / "data.u8", np.uint8, "r", shape=(len(ids), *shape))

    def filled(self, row: int) -> bool:
        """Whether this row can be read."""
        return os.pread(self._flags, 1, row) == b"\x01"

    def fill(self, row: int, array: np.ndarray) -> None:
        """Write one row. Two processes that do so write the same."""
        try:
            os.pwrite(self._data, array.tobytes(), row * self._bytes)
            os.pwrite(self._flags, b"\x01", row)
        except OSError as error:
            raise cache_error(error) from error

    def read(self, row: int) -> np.ndarray:
        """A view of one row."""
        return self._pixels[row]

    def close(self) -> None:
        """Give the files back."""
        os.close(self._data)
        os.close(self._flags)


def cache_error(error: OSError) -> UserError:
    """What a user can do about a cache folder that cannot be written."""
    return UserError(
        f"Cannot keep decoded images in {cache_root()}: {error.strerror}. Free some space there, "
        "or set ADBENCH_CACHE to a folder that can be written."
    )


def decode(
    stores: dict[tuple, DecodedSplit],
    parallel: Callable,
    entries: list[Entry],
    kind: Kind,
    size: Size,
    interpolation: Interpolation,
) -> np.ndarray:
    """Pixels (N, 3, H, W) or masks (N, H, W) of entries, uint8; `stores` keeps the files open between calls."""
    shape = (3, *size) if kind == "pixels" else size

    def one(entry: Entry, out: np.ndarray) -> None:
        store = stores[key(entry)]
        row = store.row[entry.item.id]
        if not store.filled(row):
            store.fill(row, _read(entry, kind, size, interpolation))
        out[...] = store.read(row)

    def key(entry: Entry) -> tuple:
        return (id(entry.dataset), entry.split, kind, size, interpolation)

    for entry in entries:
        if key(entry) not in stores:
            folder = cache_root() / "decoded" / entry.dataset.fingerprint()[:32] / entry.split
            folder /= f"{kind}-{size[0]}x{size[1]}-{interpolation}"
            ids = [item.id for item in entry.dataset.items(entry.split)]
            stores[key(entry)] = DecodedSplit(folder, ids, shape)
    result = np.empty((len(entries), *shape), np.uint8)
    list(parallel(one, entries, result))
    return result


def _read(entry: Entry, kind: Kind, size: Size, interpolation: Interpolation) -> np.ndarray:
    if kind == "pixels":
        return resize_image(entry.dataset.image(entry.split, entry.item), size, interpolation)
    return mask_at(entry, size).astype(np.uint8)


def mask_at(entry: Entry, size: Size) -> np.ndarray:
    """(h, w) bool of one image, by nearest; all False for a normal one. Raises `UserError` where a mask is lacking."""
    if not entry.item.abnormal:
        return np.zeros(size, bool)
    mask = entry.dataset.mask(entry.split, entry.item)
    if mask is None:
        raise UserError(
            f"{entry.dataset.card.name} has no mask for the abnormal image {entry.split}/{entry.item.id}: "
            "add it, or remove the image."
        )
    return resize_mask(mask, size)
