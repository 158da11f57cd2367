"""Files that hold several pictures: one item a slice or page."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from adbench.contracts.dataset import Item, Reading
from adbench.errors import UserError
from adbench.files.suffixes import stem_of, suffix_of

if TYPE_CHECKING:
    from adbench.files.marks import Marks

# Formats of one picture and no subject: these files need not be looked into.
SINGLE = frozenset({".png", ".jpg", ".jpeg", ".bmp", ".pgm", ".ppm", ".heic", ".heif", ".avif", ".jp2", ".j2k"})
DIGITS = 3


def sliced(items: Iterable[Item], reading: Reading) -> Iterator[Item]:
    """The items, with one item for each slice of those whose file holds several: `scratch/7` becomes `scratch/7/000` ...

    The subject is the one that the item has, else that of the file's header, else the file. A slice of an abnormal volume
    that its masks leave empty is normal; without masks all of its slices are abnormal. An unreadable file gives one item:
    that it cannot be read is said when it is opened.
    """
    counts = [(item, _frames_in(item, reading)) for item in items]
    marks = _marks((item for item, count in counts if count is not None), reading)
    for item, count in counts:
        if item.path is None or not _may_hold_several(item):
            yield item
            continue
        group = item.group or _subject(item.path)
        if count is None:
            yield replace(item, group=group)
            continue
        digits = max(DIGITS, len(str(count - 1)))
        marked = _joined([marks[mask].marked(reading.mask_values) for mask in item.masks if mask in marks], count)
        for number in range(count):
            slice_ = replace(item, id=f"{item.id}/{number:0{digits}}", group=group or stem_of(item.path), frame=number)
            yield slice_ if marked is None or marked[number] else replace(slice_, abnormal=False, masks=(), type=None)


def _may_hold_several(item: Item) -> bool:
    """Whether its file may hold several pictures, of which it names none."""
    return item.path is not None and item.frame is None and suffix_of(item.path) not in SINGLE


def _frames_in(item: Item, reading: Reading) -> int | None:
    return frames_of(item.path, reading) if item.path is not None and _may_hold_several(item) else None


def _marks(volumes: Iterable[Item], reading: Reading) -> dict[Path, Marks]:
    """What the masks of volumes mark."""
    masks = [mask for item in volumes for mask in item.masks]
    if not masks:
        return {}
    from adbench.files.marks import marks_of

    return marks_of(masks, reading.axis)


def _joined(masks: list[tuple[bool, ...]], count: int) -> list[bool] | None:
    """Whether any of the masks marks a slice; None if they do not tell, or are not as long as the volume."""
    return [any(marks) for marks in zip(*masks, strict=True)] if masks and all(len(mask) == count for mask in masks) else None


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
    lengths: dict[Path, int] = {}
    masks: dict[Path, tuple[Path, ...]] = {}
    for item in items:
        if item.path is not None and item.frame is not None:
            lengths[item.path] = max(item.frame + 1, lengths.get(item.path, 0))
            masks[item.path] = item.masks or masks.get(item.path, ())
    for path, count in lengths.items():
        for mask in masks[path]:
            found = frames_of(mask, reading) or 1
            if found != count:
                yield path, count, mask, found


def several_labels(items: Iterable[Item], reading: Reading) -> Iterator[str]:
    """Volumes of masks with several labels, where the user does not say which of them mark a lesion."""
    masks = {mask: None for item in items if item.frame is not None for mask in item.masks}
    if not masks or reading.mask_values:
        return
    from adbench.files.marks import marks_of

    labels = sorted({label for found in marks_of(masks, reading.axis).values() for label in found.labels})
    if len(labels) > 1:
        shown = ", ".join(f"{label:g}" for label in labels[:8]) + (", ..." if len(labels) > 8 else "")
        yield f"The masks hold {len(labels)} labels ({shown}), and all count as lesions: if some are organs, give --mask-values."


def labelled_as_a_whole(items: Iterable[Item]) -> list[Path]:
    """Abnormal volumes without masks: nothing tells which of their slices show a lesion."""
    return list(
        dict.fromkeys(item.path for item in items if item.path and item.abnormal and item.frame is not None and not item.masks)
    )
