"""Which slices of a volume of masks mark anything, remembered until the file changes."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from pathlib import Path

from adbench.errors import UserError
from adbench.files.pictures import READER_VERSION, frames, image_size, read_mask
from adbench.files.stamps import facts_of

MARKED, EMPTY = "1", "0"


def marked_slices(paths: Iterable[Path], axis: int) -> dict[Path, tuple[bool, ...]]:
    """For each volume of masks, slice by slice: does it mark a pixel?

    Files of a single picture, and those that cannot be read, are left out: whoever uses them will say so.

    Args:
        axis: along which the slices lie, 0 to 2.
    """
    facts = facts_of(f"marked slices along {axis}, reader {READER_VERSION}", paths, partial(_measure, axis=axis))
    return {path: tuple(slice_ == MARKED for slice_ in fact) for path, fact in facts.items()}


def _measure(path: Path, axis: int) -> str | None:
    try:
        count = frames(path, axis)
        if count is None:
            return None
        masks = (read_mask(path, image_size(path, number, axis), number, axis) for number in range(count))
        return "".join(MARKED if mask.any() else EMPTY for mask in masks)
    except UserError:
        return None
