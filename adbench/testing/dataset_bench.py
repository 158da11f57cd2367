"""A dataset on the bench: loaded as the plan would, twice where two must be alike."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from adbench.contracts.dataset import Dataset, DatasetCard
from adbench.data.reading import ImageFacts, Place, in_threads, look, places
from adbench.errors import UserError

Result = TypeVar("Result")


@dataclass
class DatasetBench:
    """What the checks of a dataset share.

    Attributes:
        card: from the registry.
        root: the user's data root, or None.
        plugin: the module (or object) whose hook brought the card, or "" where it was given by hand.
    """

    card: DatasetCard
    root: Path | None = None
    plugin: str = ""
    _kept: dict[str, Any] = field(default_factory=dict)

    def once(self, name: str, make: Callable[[], Result]) -> Result:
        """What `make` gives, made at the first call with this name."""
        if name not in self._kept:
            self._kept[name] = make()
        kept: Result = self._kept[name]
        return kept

    def make(self, root: Path | None = None) -> Dataset:
        """A new instance. Raises `UserError` where the set is not there."""
        from adbench.registry.factories import load_factory

        dataset: Dataset = load_factory(self.card.factory, f"The dataset {self.card.name}")(self.card, root or self.root)
        if reason := dataset.absence():
            raise UserError(f"{self.card.name} is not there: {reason}")
        return dataset

    @property
    def dataset(self) -> Dataset:
        """The set; made once."""
        return self.once("dataset", self.make)

    def places(self) -> list[Place]:
        """All images of all splits."""
        return places(self.dataset)

    def seen(self) -> dict[Place, ImageFacts]:
        """Every image, read once, from several threads. Raises `UserError` for one that is none."""

        def read() -> dict[Place, ImageFacts]:
            among = self.places()
            return dict(zip(among, in_threads(partial(look, self.dataset), among), strict=True))

        return self.once("seen", read)
