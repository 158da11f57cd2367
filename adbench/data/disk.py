"""Datasets that lie on disk as image files: what is common to all of them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from adbench.contracts.dataset import SPLITS, Dataset, Item, Split
from adbench.data.accounting import Scan
from adbench.data.splits import empty_splits, lacking_masks, other_counts, shared_subjects
from adbench.errors import UserError

if TYPE_CHECKING:
    import numpy as np


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
        """Images and masks that do not go together, and folders that nobody can interpret."""
        return [*self.found.problems, *(self.found.mask_problems if self.card.has_masks else ())]

    def items(self, split: Split) -> Sequence[Item]:
        """The items of a split, sorted by id."""
        return self.found.items[split]

    def image(self, split: Split, item: Item) -> np.ndarray:
        """(H, W, 3) uint8, RGB."""
        from adbench.files.pictures import read_image

        return read_image(_path(item))

    def mask(self, split: Split, item: Item) -> np.ndarray | None:
        """(H, W) bool; None in a set without masks. Raises `UserError` where an abnormal image lacks its mask."""
        import numpy as np

        from adbench.files.pictures import image_size, read_mask

        if not self.card.has_masks or not item.abnormal:
            return None
        if not item.masks:
            raise UserError(
                f"{self.card.name} has no mask for the abnormal image {item.path}: put one of the same name into the "
                "folder of the masks, or remove the image."
            )
        size = image_size(_path(item))
        joined: np.ndarray = np.logical_or.reduce([read_mask(mask, size) for mask in item.masks])
        return joined

    def fingerprint(self) -> str:
        """Hex digest over ids, labels, the contents of all images and masks, and the version of what reads them."""
        return self._fingerprint

    @cached_property
    def _fingerprint(self) -> str:
        from adbench.files.hashes import fingerprint_files
        from adbench.files.pictures import READER_VERSION

        files = []
        for split in SPLITS:
            for item in self.items(split):
                identity = f"{split}/{item.id}/{'abnormal' if item.abnormal else 'normal'}"
                files.append((f"{identity}/image", _path(item)))
                if self.card.has_masks:
                    files += [(f"{identity}/mask", mask) for mask in item.masks]
        return fingerprint_files(files, extra=f"reader {READER_VERSION}")

    def warnings(self) -> list[str]:
        """What was left out, splits and masks that lack, subjects in two splits, counts other than the published ones."""
        return [
            *self.found.remarks,
            *empty_splits(self),
            *lacking_masks(self),
            *shared_subjects(self),
            *other_counts(self),
        ]


def _path(item: Item) -> Path:
    if item.path is None:
        raise ValueError(f"{item.id} has no file")
    return item.path
