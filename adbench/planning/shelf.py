"""Which of the datasets that a user names are available."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from adbench.contracts.dataset import Dataset, DatasetCard, Reading
from adbench.data.places import remember_place
from adbench.errors import UserError
from adbench.registry.cards import ALL, Registry
from adbench.registry.factories import expand_card, load_factory


class Shelf:
    """The datasets available to a plan; each is looked for once.

    Args:
        registry: where names and groups are looked up.
        root: folder that holds the sets, or None.
        reading: how the user wants their files to be read.
        faulty: also take sets whose copy has problems, to inspect them.

    Attributes:
        present: name to dataset, of the sets found.
        absent: name to reason, of the sets not found.
    """

    def __init__(self, registry: Registry, root: Path | None, reading: Reading = Reading(), faulty: bool = False) -> None:
        if root is not None and not root.is_dir():
            raise UserError(
                f"The data root {root} is not a folder: give --data-root (or ADBENCH_DATA) the folder that holds the sets."
            )
        self._registry = registry
        self._root = root
        self._reading = reading
        self._faulty = faulty
        self._arguments: dict[str, str] = {}
        self.present: dict[str, Dataset] = {}
        self.absent: dict[str, str] = {}

    def choose(self, names: Iterable[str]) -> list[DatasetCard]:
        """Names, groups and `all` to the cards of available sets, each once.

        `all` means every real set on disk, or without a data root the synthetic ones. A group takes the available sets
        and notes the absent ones; a set named by itself must be available. A root with several categories is
        a group of them.

        Raises:
            UserError: nothing that a name stands for is available, or two different sets have one name.
        """
        chosen: dict[str, DatasetCard] = {}
        for name in names:
            members = self._members(name)
            found = [self.present[card.name].card for card in members if self._holds(card)]
            if not found:
                reasons = [self.absent[card.name] for card in members if card.name in self.absent]
                raise UserError(f"{name}: none of its datasets is available. {reasons[0] if reasons else ''}".strip())
            chosen.update((card.name, card) for card in found)
        if not chosen:
            raise UserError("No dataset is given: --datasets NAME,... or --datasets all; see `adbench datasets`.")
        return list(chosen.values())

    def neighbours(self, target: DatasetCard) -> list[Dataset]:
        """The other available sets of the target's groups, sorted by name."""
        groups = self._registry.groups()
        members = {card.name: card for group in target.groups for card in groups.get(group, ()) if card.name != target.name}
        return [self.present[name] for name in sorted(members) if self._holds(members[name])]

    def _members(self, name: str) -> list[DatasetCard]:
        groups = self._registry.groups()
        if name in groups:
            return groups[name]
        if name == ALL:
            plain = [card for card in self._registry.datasets.values() if not card.name.endswith(":")]
            return [card for card in plain if card.synthetic == (self._root is None)]
        members = expand_card(self._registry.dataset(name), self._root)
        for card in members:
            self._refuse_namesake(card)
        return members

    def _refuse_namesake(self, card: DatasetCard) -> None:
        """Two folders of one name would be one column of the table."""
        argument = self._arguments.setdefault(card.name, card.argument)
        if argument != card.argument:
            kind = card.name.partition(":")[0]
            raise UserError(
                f"{argument} and {card.argument} are both called {card.name}: name one of them, {kind}:NAME={card.argument}."
            )

    def _holds(self, card: DatasetCard) -> bool:
        if card.name not in self.present and card.name not in self.absent:
            try:
                dataset: Dataset = load_factory(card.factory, f"The dataset {card.name}")(
                    replace(card, reading=self._reading), self._root
                )
                reason = dataset.absence() or self._problem(dataset)
            except UserError as error:
                reason = str(error)
            except Exception as error:
                reason = f"its plugin failed: {type(error).__name__}: {error}"
            if reason:
                self.absent[card.name] = reason
            else:
                self.present[card.name] = dataset
                if card.expand:
                    remember_place(card.name, card.argument)
        return card.name in self.present

    def _problem(self, dataset: Dataset) -> str | None:
        problems = [] if self._faulty else dataset.problems()
        if not problems:
            return None
        more = f" (and {len(problems) - 1} more: `adbench data verify` lists them)" if len(problems) > 1 else ""
        return f"{dataset.card.name} cannot be used as it is: {problems[0]}{more}"
