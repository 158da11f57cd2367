"""Resized masks, kept in memory for a run: a test set's are needed by every method and seed, and must lie in no file.

A detector can read the cache folder, so that a mask in it would be a label within reach.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from adbench.contracts.images import Size, resize_mask
from adbench.data.pixelstore import Entry
from adbench.errors import UserError

LARGEST_BYTES = 1 << 30  # about 150,000 masks of 240 x 240

Key = tuple[int, str, str, Size]


class MaskMemory:
    """Masks as packed bits, least recently used first out; several threads may ask at once. A copy for another process is empty.

    Args:
        largest: bytes of packed masks that it may hold.
    """

    def __init__(self, largest: int = LARGEST_BYTES) -> None:
        self._largest = largest
        self._lock = threading.Lock()
        self._kept: OrderedDict[Key, tuple[Any, np.ndarray]] = OrderedDict()
        self._held = 0

    def __reduce__(self) -> tuple[Any, ...]:
        return MaskMemory, (self._largest,)

    def masks(self, entries: Sequence[Entry], size: Size, parallel: Callable[..., Any] = map) -> np.ndarray:
        """(N, h, w) bool, by nearest; all False for a normal image. Raises `UserError` where a mask is lacking.

        Args:
            parallel: calls a function with each entry and its array, as `map` does, perhaps in several threads.
        """
        found = np.zeros((len(entries), *size), bool)
        abnormal = [row for row, entry in enumerate(entries) if entry.item.abnormal]
        list(parallel(self._fill, [entries[row] for row in abnormal], [found[row] for row in abnormal]))
        return found

    def _fill(self, entry: Entry, into: np.ndarray) -> None:
        size = (into.shape[0], into.shape[1])
        key = (id(entry.dataset), entry.split, entry.item.id, size)
        with self._lock:
            kept = self._kept.get(key)
            if kept:
                self._kept.move_to_end(key)
        if kept:
            into[...] = np.unpackbits(kept[1], count=into.size).reshape(size).view(bool)
            return
        into[...] = mask_at(entry, size)
        packed = np.packbits(into)
        with self._lock:
            if key not in self._kept:
                self._kept[key] = (entry.dataset, packed)  # with the set, so that no other one gets its `id`
                self._held += packed.nbytes
            while self._held > self._largest:
                self._held -= self._kept.popitem(last=False)[1][1].nbytes


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
