"""Datasets that lie on disk as image files: what is common to all of them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from adbench.contracts.dataset import SPLITS, Dataset, Item, Split
from adbench.data.accounting import Scan
from adbench.data.slices import several_labels
from adbench.data.splits import empty_splits, lacking_masks, other_counts, shared_subjects
from adbench.errors import UserError
from adbench.words import counted

if TYPE_CHECKING:
    import numpy as np

    from adbench.data.levels import Levels


class _Said(NamedTuple):
    warnings: list[str]
    problems: list[str]


class DiskDataset(Dataset):
    """Images and masks in files. A subclass says in `find` where they are."""

    def find(self) -> Scan:
        """Look for the set. Raises `UserError` with the way to get it where it is absent or in disorder."""
        raise NotImplementedError

    @cached_property
    def found(self) -> Scan:
        """What is on disk, looked for once."""
        return self.find()

    def absence(self) -> str | None:
        """Why the set cannot be used here; None when it is there."""
        try:
            scan = self.found
        except UserError as error:
            return str(error)
        return None if scan else f"{self.card.name} has no images."

    def problems(self) -> list[str]:
        """Images and masks that do not go together, folders that nobody can interpret, a window that does not fit the files."""
        mask_problems = self.found.mask_problems if self.card.has_masks else ()
        return [*self.found.problems, *mask_problems, *self._said_of_values.problems]

    def items(self, split: Split) -> Sequence[Item]:
        """The items of a split, sorted by id."""
        return self.found.items[split]

    @cached_property
    def levels(self) -> Levels | None:
        """How images of more than 8 bits are shown, found over all splits; None where there are none."""
        from adbench.data.levels import Picture, levels_in_use

        items = [item for split in SPLITS for item in self.items(split)]
        pictures = [Picture(_path(item), item.frame) for item in items]
        own = frozenset(_path(item) for item in items if item.value_range is not None)
        normals = [Picture(_path(item), item.frame) for item in self.items("train") if item.value_range is None]
        return levels_in_use(pictures, normals, self.card.reading, own)

    @property
    def _said_of_values(self) -> _Said:
        try:
            return _Said(self.levels.warnings() if self.levels else [], [])
        except UserError as error:
            return _Said([], [str(error)])

    def image(self, split: Split, item: Item) -> np.ndarray:
        """(H, W, 3) uint8, RGB."""
        from adbench.files.pictures import read_image

        path, reading = _path(item), self.card.reading
        shown = item.value_range or (self.levels.range if self.levels else None)
        return read_image(path, item.frame, shown, reading.window, reading.axis)

    def mask(self, split: Split, item: Item) -> np.ndarray | None:
        """(H, W) bool; None in a set without masks. Raises `UserError` where an abnormal image lacks its mask."""
        import numpy as np

        from adbench.files.pictures import frames, image_size, read_mask

        if not self.card.has_masks or not item.abnormal:
            return None
        if not item.masks:
            raise UserError(
                f"{self.card.name} has no mask for the abnormal image {item.path}: put one of the same name into the "
                "folder of the masks, or remove the image."
            )
        path, reading = _path(item), self.card.reading
        axis = reading.axis
        size = image_size(path, item.frame, axis)
        count = None if item.frame is None else frames(path, axis)
        parts = []
        for mask in item.masks:
            theirs = frames(mask, axis) if mask.is_file() else None
            if theirs is not None and theirs != count:
                raise UserError(
                    f"The mask {mask} has {counted(theirs, 'slice')}, but its image {counted(count or 1, 'slice')}: "
                    "both must have as many."
                )
            number = None if theirs is None else item.frame
            parts.append(read_mask(mask, size, number, axis, reading.mask_values, self.found.label_masks))
        joined: np.ndarray = np.logical_or.reduce(parts)
        return joined

    def fingerprint(self) -> str:
        """Hex digest over ids, labels, the contents of all images and masks, and how they are read and shown."""
        return self._fingerprint

    @cached_property
    def _fingerprint(self) -> str:
        from adbench.files.hashes import fingerprint_files
        from adbench.files.pictures import READER_VERSION

        files = []
        for split in SPLITS:
            for item in self.items(split):
                identity = f"{split}/{item.id}/{'abnormal' if item.abnormal else 'normal'}"
                if item.frame is not None:
                    identity += f"/{item.frame} along {self.card.reading.axis}"
                if item.value_range is not None:
                    identity += f"/{item.value_range[0]!r}:{item.value_range[1]!r}"
                files.append((f"{identity}/image", _path(item)))
                if self.card.has_masks:
                    files += [(f"{identity}/mask", mask) for mask in item.masks]
        shown = f" shows {self.levels.range or self.levels.window}" if self.levels else ""
        if self.card.has_masks and self.card.reading.mask_values:
            shown += f" marked by {sorted(self.card.reading.mask_values)}"
        return fingerprint_files(files, extra=f"reader {READER_VERSION}{shown}")

    def warnings(self) -> list[str]:
        """What was left out, how values are shown, splits and masks that lack, subjects in two splits, other counts than published."""
        return [
            *self.found.remarks,
            *self._said_of_values.warnings,
            *several_labels((item for split in SPLITS for item in self.items(split)), self.card.reading),
            *empty_splits(self),
            *lacking_masks(self),
            *shared_subjects(self),
            *other_counts(self),
        ]


def _path(item: Item) -> Path:
    if item.path is None:
        raise ValueError(f"{item.id} has no file")
    return item.path
