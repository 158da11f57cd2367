"""A dataset on the bench: loaded as the plan would, twice where two must be alike."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from adbench.dataset import SPLITS, Dataset, DatasetCard, Item, Split
from adbench.errors import UserError
from adbench.testing.checks import CheckFailed

READERS = 4


@dataclass(frozen=True)
class Seen:
    """What an image looked like when it was read: hex digest of its pixels, height and width."""

    digest: str
    shape: tuple[int, ...]


@dataclass
class DatasetBench:
    """What the checks of a dataset share.

    Attributes:
        card: from the registry.
        root: the user's data root, or None.
        plugin: the module that brought the card, or "" where it was given by hand.
    """

    card: DatasetCard
    root: Path | None = None
    plugin: str = ""
    _kept: dict[str, Any] = field(default_factory=dict)

    def once(self, name: str, make: Callable[[], Any]) -> Any:
        """What `make` gives, made at the first call with this name."""
        if name not in self._kept:
            self._kept[name] = make()
        return self._kept[name]

    def make(self, root: Path | None = None) -> Dataset:
        """A new instance. Raises `UserError` where the set is not there."""
        from adbench.plan import load_factory

        dataset: Dataset = load_factory(self.card.factory, f"The dataset {self.card.name}")(self.card, root or self.root)
        if reason := dataset.absence():
            raise UserError(f"{self.card.name} is not there: {reason}")
        return dataset

    @property
    def dataset(self) -> Dataset:
        """The set; made once."""
        found: Dataset = self.once("dataset", self.make)
        return found

    def entries(self) -> Iterator[tuple[Split, Item]]:
        """All items of all splits."""
        for split in SPLITS:
            for item in self.dataset.items(split):
                yield split, item

    def image(self, split: Split, item: Item) -> np.ndarray:
        """One image; raises `CheckFailed` where it is none."""
        image = self.dataset.image(split, item)
        if not isinstance(image, np.ndarray) or image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3:
            what = f"{image.dtype} {image.shape}" if isinstance(image, np.ndarray) else type(image).__name__
            raise CheckFailed(f"the image {split}/{item.id} is {what}, not (H, W, 3) uint8")
        return image

    def seen(self) -> dict[tuple[Split, str], Seen]:
        """Every image, read once, from several threads."""

        def look(entry: tuple[Split, Item]) -> tuple[tuple[Split, str], Seen]:
            image = self.image(*entry)
            return (entry[0], entry[1].id), Seen(hashlib.sha256(image.tobytes()).hexdigest(), image.shape[:2])

        def read() -> dict[tuple[Split, str], Seen]:
            with ThreadPoolExecutor(READERS) as pool:
                return dict(pool.map(look, self.entries()))

        found: dict[tuple[Split, str], Seen] = self.once("seen", read)
        return found
