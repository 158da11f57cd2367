"""The pixel store: resized uint8 images on disk.

Decoding and resizing a PNG takes milliseconds, reading it back from a file microseconds, so every image is decoded once
for a size and kept under the cache folder, addressed by the dataset's fingerprint. Masks are never kept there: a detector
can read the cache (see `adbench.data.maskmemory`).
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import PIL

from adbench.contracts.dataset import Dataset, Item, Split
from adbench.contracts.images import Interpolation, Size, resize_image
from adbench.errors import UserError
from adbench.files.cache import cache_root
from adbench.files.formats import decoders
from adbench.files.pictures import READER_VERSION
from adbench.files.rows import RowFile


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

    def read(self, name: str, into: np.ndarray) -> bool:
        """Copy the pixels of an item to `into`; False where they are not kept, or damaged. Raises `OSError`."""
        return self._rows.read(self._place[name], into.data.cast("B"))

    def keep(self, name: str, pixels: np.ndarray) -> None:
        """Keep the pixels of an item. Raises `OSError` where they cannot be written."""
        self._rows.write(self._place[name], pixels.data.cast("B"))

    def place(self, name: str) -> int:
        """The row of an item."""
        return self._place[name]

    def open_for_reading(self) -> tuple[int, int]:
        """See `adbench.files.rows.RowFile.open_for_reading`."""
        return self._rows.open_for_reading()

    def close(self) -> None:
        """Give the files back."""
        self._rows.close()


def open_split(entry: Entry, size: Size, interpolation: Interpolation) -> DecodedSplit:
    """The kept pixels of the split of an entry. Raises `UserError` where the cache folder cannot be written."""
    items = entry.dataset.items(entry.split)
    used = decoders(path for item in items for path in (item.path, *item.masks) if path is not None)
    folder = store_folder(entry.dataset.fingerprint(), entry.split, size, interpolation, used)
    return DecodedSplit(folder, [item.id for item in items], (3, *size))


def store_folder(fingerprint: str, split: Split, size: Size, interpolation: Interpolation, decoders: str = "") -> Path:
    """Where the pixels of a split lie: apart for everything that decides their values.

    The versions of the reader, of Pillow and of other packages that decode (`decoders`) are among that: each may decode or
    resize the same file to other pixels. What values are shown how is part of a set's fingerprint.
    """
    readers = "-".join(filter(None, (f"reader{READER_VERSION}", f"pillow{PIL.__version__}", decoders)))
    return cache_root() / "decoded" / readers / fingerprint[:32] / split / f"pixels-{size[0]}x{size[1]}-{interpolation}"


def cache_error(error: OSError) -> UserError:
    """What a user can do about a cache folder that cannot be written."""
    return UserError(
        f"Cannot keep decoded images in {cache_root()}: {error.strerror}. Free some space there, "
        "or set ADBENCH_CACHE to a folder that can be written."
    )


def decode(entry: Entry, size: Size, interpolation: Interpolation) -> np.ndarray:
    """(3, h, w) uint8 of one image, read from where the dataset has it."""
    return resize_image(entry.dataset.image(entry.split, entry.item), size, interpolation)
