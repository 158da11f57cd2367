"""Datasets for tests of the conformance kit: one correct, and for every check one that fails only that."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

import adbench
from adbench.contracts.dataset import Split

SIDE = 24


class FairSet(adbench.Dataset):
    """Grey noise; abnormal images have a bright square. Passes every check."""

    sizes: Mapping[Split, tuple[int, int]] = {"train": (6, 0), "valid": (4, 4), "test": (9, 9)}

    def items(self, split: Split) -> list[adbench.Item]:
        """Two images per subject."""
        normal, abnormal = self.sizes[split]
        items = [adbench.Item(f"Ungood/{i:02d}", True, group=f"{split}-a{i // 2}") for i in range(abnormal)]
        return items + [adbench.Item(f"good/{i:02d}", False, group=f"{split}-n{i // 2}") for i in range(normal)]

    def image(self, split: Split, item: adbench.Item) -> np.ndarray:
        """Noise, plus the square of an abnormal item."""
        rng = np.random.default_rng([*split.encode(), *item.id.encode()])
        image = np.repeat(rng.integers(40, 160, (SIDE, SIDE, 1), np.uint8), 3, axis=2)
        mask = self.square(item)
        image[mask] += 60
        return image

    def square(self, item: adbench.Item) -> np.ndarray:
        """The square's pixels; its place varies."""
        mask = np.zeros((SIDE, SIDE), bool)
        corner = 2 + int(item.id[-2:]) % 8
        mask[corner : corner + 6, corner : corner + 6] = item.abnormal
        return mask

    def mask(self, split: Split, item: adbench.Item) -> np.ndarray | None:
        """The square."""
        return self.square(item) if self.card.has_masks else None

    def fingerprint(self) -> str:
        """The code decides everything."""
        return "ab" * 32


class Normals(FairSet):
    """No abnormal test images."""

    sizes: Mapping[Split, tuple[int, int]] = {"train": (6, 0), "valid": (4, 4), "test": (9, 0)}


class Fussy(FairSet):
    """Raises in `absence`."""

    def absence(self) -> str | None:
        return None if self.root is None else ", ".join(path.name for path in (self.root / "images").iterdir())


class Drifting(FairSet):
    """Another fingerprint each time."""

    counter = itertools.count(10)

    def __init__(self, card: adbench.DatasetCard, root: Path | None) -> None:
        super().__init__(card, root)
        self.number = next(self.counter)

    def fingerprint(self) -> str:
        return f"{self.number:064d}"


class Salted(FairSet):
    """A fingerprint that is valid only in this process."""

    def fingerprint(self) -> str:
        return f"{abs(hash('adbench')):064x}"


class Rooted(FairSet):
    """A fingerprint of the files' location."""

    def fingerprint(self) -> str:
        return str(self.root).encode().hex().ljust(64, "0")


class TwiceTheSame(FairSet):
    """One id for two images."""

    def items(self, split: Split) -> list[adbench.Item]:
        found = super().items(split)
        return [*found, found[-1]]


class Unsorted(FairSet):
    """Items in folder order."""

    def items(self, split: Split) -> list[adbench.Item]:
        return super().items(split)[::-1]


class Paths(FairSet):
    """Ids that are absolute paths."""

    def items(self, split: Split) -> list[adbench.Item]:
        return [replace(item, id=f"/home/me/{item.id}") for item in super().items(split)]


class Renaming(FairSet):
    """Other ids for each instance."""

    counter = itertools.count()

    def __init__(self, card: adbench.DatasetCard, root: Path | None) -> None:
        super().__init__(card, root)
        self.number = next(self.counter)

    def items(self, split: Split) -> list[adbench.Item]:
        return [replace(item, id=f"{self.number:05d}{item.id}") for item in super().items(split)]


class SickTrain(FairSet):
    """Abnormal images in train."""

    sizes: Mapping[Split, tuple[int, int]] = {"train": (6, 1), "valid": (4, 4), "test": (9, 9)}


class Copied(FairSet):
    """Training images in the test set."""

    def image(self, split: Split, item: adbench.Item) -> np.ndarray:
        return super().image("train" if item.id == "good/00" else split, item)


class SharedSubjects(FairSet):
    """Subjects in two splits."""

    def items(self, split: Split) -> list[adbench.Item]:
        return [replace(item, group=item.group.partition("-")[2]) for item in super().items(split) if item.group]


class Honest(SharedSubjects):
    """Subjects in two splits, with a warning."""

    def warnings(self) -> list[str]:
        return ["3 subjects are in train and test."]


class Doubtful(FairSet):
    """One image, two labels."""

    def image(self, split: Split, item: adbench.Item) -> np.ndarray:
        other = adbench.Item("good/00", False)
        return super().image(split, other if item.id == "Ungood/00" else item)


class Flickering(FairSet):
    """Augments on reading."""

    counter = itertools.count()

    def image(self, split: Split, item: adbench.Item) -> np.ndarray:
        return np.roll(super().image(split, item), next(self.counter), axis=0)


class Keeping(FairSet):
    """Returns its cached arrays."""

    def __init__(self, card: adbench.DatasetCard, root: Path | None) -> None:
        super().__init__(card, root)
        self.kept: dict[tuple[str, str], np.ndarray] = {}

    def image(self, split: Split, item: adbench.Item) -> np.ndarray:
        return self.kept.setdefault((split, item.id), super().image(split, item))


class Grey(FairSet):
    """Not RGB."""

    def image(self, split: Split, item: adbench.Item) -> np.ndarray:
        return super().image(split, item)[:, :, 0]


class NoMask(FairSet):
    """One mask is missing."""

    def mask(self, split: Split, item: adbench.Item) -> np.ndarray | None:
        return None if item.id == "Ungood/01" else super().mask(split, item)


class NoMasks(FairSet):
    """Promised masks."""

    def mask(self, split: Split, item: adbench.Item) -> np.ndarray | None:
        return None


class Absent(FairSet):
    """Not on disk."""

    def absence(self) -> str | None:
        return "Fetch it from the shelf."


class SmallMask(FairSet):
    """Masks of another size."""

    def mask(self, split: Split, item: adbench.Item) -> np.ndarray | None:
        return self.square(item)[::2, ::2]


class GreyMask(FairSet):
    """Numeric masks."""

    def mask(self, split: Split, item: adbench.Item) -> np.ndarray | None:
        return self.square(item).astype(np.uint8)


class EmptyMask(FairSet):
    """Masks without a lesion."""

    def mask(self, split: Split, item: adbench.Item) -> np.ndarray | None:
        return np.zeros((SIDE, SIDE), bool)


class Burnt(FairSet):
    """A scanner mark burnt into abnormal images."""

    def image(self, split: Split, item: adbench.Item) -> np.ndarray:
        image = super().image(split, item)
        image[0, 0] = 255 if item.abnormal else image[0, 0]
        return image


class Cropped(FairSet):
    """Cropped abnormal images."""

    def image(self, split: Split, item: adbench.Item) -> np.ndarray:
        return super().image(split, item)[: SIDE - 2 * item.abnormal]


CARD: dict[str, Any] = {
    "name": "fair-set",
    "title": "Fair",
    "factory": "faultydatasets:FairSet",
    "class_name": "square",
    "has_masks": True,
    "synthetic": True,
    "counts": {"train/normal": 6, "test": 18, "valid/abnormal": 4},
    "how_to_get": "It is generated.",
    "citation": "none",
    "licence": "MIT",
}


def card(**changes: Any) -> adbench.DatasetCard:
    """The card of the correct one, with changes."""
    return adbench.DatasetCard(**{**CARD, **changes})
