"""A dataset on the bench: loaded as for a run, twice where two instances are compared."""

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
    """State shared by the checks of a dataset.

    Attributes:
        card: from the registry.
        root: the user's data root, or None.
        plugin: the module (or object) whose hook gave the card, or "" if the card was passed directly.
    """

    card: DatasetCard
    root: Path | None = None
    plugin: str = ""
    _kept: dict[str, Any] = field(default_factory=dict)

    def once(self, name: str, make: Callable[[], Result]) -> Result:
        """The result of `make`, called once per name."""
        if name not in self._kept:
            self._kept[name] = make()
        kept: Result = self._kept[name]
        return kept

    def make(self, root: Path | None = None) -> Dataset:
        """A new instance. Raises `UserError` if the set is missing."""
        from adbench.registry.factories import load_factory

        dataset: Dataset = load_factory(self.card.factory, f"The dataset {self.card.name}")(self.card, root or self.root)
        if reason := dataset.absence():
            raise UserError(f"{self.card.name} is missing: {reason}")
        return dataset

    @property
    def dataset(self) -> Dataset:
        """The set, created once."""
        return self.once("dataset", self.make)

    def places(self) -> list[Place]:
        """All images of all splits."""
        return places(self.dataset)

    def seen(self) -> dict[Place, ImageFacts]:
        """Every image, read once, by several threads. Raises `UserError` for one that is not an image."""

        def read() -> dict[Place, ImageFacts]:
            among = self.places()
            return dict(zip(among, in_threads(partial(look, self.dataset), among), strict=True))

        return self.once("seen", read)
