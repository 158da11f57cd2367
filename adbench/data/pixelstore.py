"""The pixel store: resized uint8 images and masks on disk.

Decoding and resizing a PNG takes milliseconds, reading it back from a memory map microseconds, so every image is
decoded once for a size and kept under the cache folder, addressed by the dataset's fingerprint.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import PIL

from adbench.contracts.dataset import Dataset, Item, Split
from adbench.contracts.images import Interpolation, Size, resize_image, resize_mask
from adbench.errors import UserError
from adbench.files.cache import cache_root
from adbench.files.formats import decoders
from adbench.files.pictures import READER_VERSION
from adbench.files.rows import RowFile

Kind = Literal["pixels", "masks"]


@dataclass(frozen=True, slots=True)
class Entry:
    """One image of a dataset, with everything that is known of it. Never handed to a detector."""

    dataset: Dataset
    split: Split
    item: Item


class DecodedSplit:
    """Arrays of equal shape for the items of one split, filled as they are asked for.

    Rows are ordered by a hash of the item's id, so that a position tells nothing either.
    """

    def __init__(self, folder: Path, ids: Sequence[str], shape: tuple[int, ...]) -> None:
        order = sorted(ids, key=lambda name: hashlib.sha256(name.encode()).digest())
        self._place = {name: row for row, name in enumerate(order)}
        try:
            self._rows = RowFile(folder, math.prod(shape))
        except OSError as error:
            raise cache_error(error) from error

    def fetch(self, name: str, read: Callable[[], np.ndarray], into: np.ndarray) -> None:
        """Copy the array of an item to `into`; where the store lacks it, or holds it damaged, it is read and kept."""
        row, buffer = self._place[name], into.data.cast("B")
        try:
            if self._rows.read(row, buffer):
                return
        except OSError as error:
            raise cache_error(error) from error
        into[...] = read()
        try:
            self._rows.write(row, buffer)
        except OSError as error:
            raise cache_error(error) from error

    def close(self) -> None:
        """Give the files back."""
        self._rows.close()


def store_folder(
    fingerprint: str, split: Split, kind: Kind, size: Size, interpolation: Interpolation, decoders: str = ""
) -> Path:
    """Where the arrays of a split lie: apart for everything that decides their values.

    The versions of the reader, of Pillow and of other packages that decode (`decoders`) are among that: each may decode or
    resize the same file to other pixels. What values are shown how is part of a set's fingerprint.
    """
    readers = "-".join(filter(None, (f"reader{READER_VERSION}", f"pillow{PIL.__version__}", decoders)))
    return cache_root() / "decoded" / readers / fingerprint[:32] / split / f"{kind}-{size[0]}x{size[1]}-{interpolation}"


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

    def key(entry: Entry) -> tuple:
        return (id(entry.dataset), entry.split, kind, size, interpolation)

    def one(entry: Entry, out: np.ndarray) -> None:
        stores[key(entry)].fetch(entry.item.id, lambda: _read(entry, kind, size, interpolation), out)

    for entry in entries:
        if key(entry) not in stores:
            items = entry.dataset.items(entry.split)
            used = decoders(path for item in items for path in (item.path, *item.masks) if path is not None)
            folder = store_folder(entry.dataset.fingerprint(), entry.split, kind, size, interpolation, used)
            stores[key(entry)] = DecodedSplit(folder, [item.id for item in items], shape)
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
