"""Files that hold several pictures: one item a slice or page."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from adbench.contracts.dataset import Item, Reading
from adbench.errors import UserError
from adbench.files.suffixes import stem_of, suffix_of

# Formats of one picture and no subject: these files need not be looked into.
SINGLE = frozenset({".png", ".jpg", ".jpeg", ".bmp", ".pgm", ".ppm", ".heic", ".heif", ".avif", ".jp2", ".j2k"})
DIGITS = 3


def sliced(items: Iterable[Item], reading: Reading) -> Iterator[Item]:
    """The items, with one item a slice of those whose file holds several: `scratch/7` becomes `scratch/7/000`, `scratch/7/001` ...

    The subject is the one that the item has, else that of the file's header, else the file. An unreadable file gives one item:
    that it cannot be read is said when it is opened.
    """
    for item in items:
        if item.path is None or item.frame is not None or suffix_of(item.path) in SINGLE:
            yield item
            continue
        count = frames_of(item.path, reading)
        group = item.group or _subject(item.path)
        if count is None:
            yield replace(item, group=group)
            continue
        digits = max(DIGITS, len(str(count - 1)))
        for number in range(count):
            yield replace(item, id=f"{item.id}/{number:0{digits}}", group=group or stem_of(item.path), frame=number)


def frames_of(path: Path, reading: Reading) -> int | None:
    """How many pictures a file holds; None where it holds a single one or cannot be read."""
    from adbench.files.pictures import frames

    try:
        return frames(path, reading.axis)
    except UserError:
        return None


def _subject(path: Path) -> str | None:
    from adbench.files.pictures import subject_of

    try:
        return subject_of(path)
    except UserError:
        return None


def other_lengths(items: Iterable[Item], reading: Reading) -> Iterator[tuple[Path, int, Path, int]]:
    """Volumes whose masks have another number of slices: (volume, its slices, mask, its slices), each once."""
    lengths: dict[Path, tuple[int, tuple[Path, ...]]] = {}
    for item in items:
        if item.path is not None and item.frame is not None and item.masks:
            lengths[item.path] = (max(item.frame + 1, lengths.get(item.path, (0,))[0]), item.masks)
    for path, (count, masks) in lengths.items():
        for mask in masks:
            found = frames_of(mask, reading) or 1
            if found != count:
                yield path, count, mask, found
