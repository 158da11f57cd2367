"""Every file of a set and what became of it: an image, a mask, or left out for a reason."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from adbench.contracts.dataset import Item, Split

IMAGES, MASKS, LEFT_OUT = "images", "masks", "left out"


class LeftOut(NamedTuple):
    """A file that is neither an image nor a mask of the set.

    Attributes:
        path: where it lies.
        reason: why it is left out.
    """

    path: Path
    reason: str


class Counted(NamedTuple):
    """A line of the table of a set: what so many files of a folder are used as.

    Attributes:
        folder: relative to the set's own folder, `.` for that itself.
        used: `images`, `masks` or `left out`.
        split: of images and masks, else "".
        label: of images and masks the kind of defect where it is known, else `normal` or `abnormal`; "" of what is left out.
        files: how many. A volume is one file, however many slices it has.
        reason: why they are left out, else "".
    """

    folder: str
    used: str
    split: str
    label: str
    files: int
    reason: str


@dataclass(frozen=True)
class Scan:
    """What was found.

    Attributes:
        items: split to items, sorted by id.
        remarks: what a user should know of this copy, e.g. what was left out.
        problems: why it must not be used as it is, each with what to do.
        mask_problems: the same, where masks are used.
        left_out: every file that is neither image nor mask, sorted.
        folder: the set's own folder.
        label_masks: in masks any value but 0 marks a lesion, of which there may be several.
    """

    items: Mapping[Split, tuple[Item, ...]] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    mask_problems: tuple[str, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    folder: Path | None = None
    label_masks: bool = False

    def __bool__(self) -> bool:
        return any(self.items.values())

    @property
    def has_masks(self) -> bool:
        """Whether any image has a mask."""
        return any(item.masks for items in self.items.values() for item in items)

    def table(self) -> list[Counted]:
        """How many files of each folder are used as what, sorted by folder: each file is counted once."""
        counts: Counter[tuple[Path, str, str, str, str]] = Counter()
        for path, used, split, label in self._used():
            counts[path.parent, used, split, label, ""] += 1
        for path, reason in self.left_out:
            counts[path.parent, LEFT_OUT, "", "", reason] += 1
        names = {parent: relative(parent, self.folder) for parent, *_ in counts}
        rows = [
            Counted(names[parent], used, split, label, count, reason)
            for (parent, used, split, label, reason), count in counts.items()
        ]
        return sorted(rows)

    def _used(self) -> Iterator[tuple[Path, str, str, str]]:
        seen: set[Path] = set()
        for split, items in self.items.items():
            for item in items:
                label = item.type or ("abnormal" if item.abnormal else "normal")
                for used, path in ((IMAGES, item.path), *((MASKS, mask) for mask in item.masks)):
                    if path is not None and path not in seen:
                        seen.add(path)
                        yield path, used, split, label


def relative(path: Path, folder: Path | None) -> str:
    """A path as it is called below the set's folder, with `/`; outside of it, as it leads there."""
    return path.as_posix() if folder is None else Path(os.path.relpath(path, folder)).as_posix()


def remedy(folder: Path) -> str:
    """The way out of every refusal."""
    return f"Or say which file is what: `adbench data manifest {folder} -o FILE`, correct FILE, then `--datasets manifest:FILE`."
