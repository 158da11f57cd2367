"""The dataset that a finished cell was measured on, if it is present."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from adbench.contracts.dataset import Dataset, DatasetCard, Item, Reading
from adbench.data.places import recall_places
from adbench.errors import UserError
from adbench.registry.cards import Registry
from adbench.registry.factories import load_factory

Opened = tuple[Dataset, dict[str, Item]]


def reopen_dataset(
    registry: Registry, name: str, root: Path | None, fingerprint: str, reading: Mapping[str, Any] = MappingProxyType({})
) -> Opened:
    """The dataset with this name and content, and the items of its test split by id.

    Args:
        root: folder with the sets, or None.
        fingerprint: from the cell's identity.
        reading: from its record.

    Raises:
        UserError: it is absent, its content has changed, its plugin fails, or its name leads to a folder that the user did
            not point to.
    """
    try:
        reason = ""
        card = replace(registry.dataset(name), reading=_reading(reading))
        for dataset in _candidates(card, root):
            if absence := dataset.absence():
                reason = reason or absence
            elif dataset.fingerprint() == fingerprint:
                return dataset, {item.id: item for item in dataset.items("test")}
            else:
                reason = "the copy here is not the one that was measured"
    except UserError:
        raise
    except Exception as error:
        raise UserError(f"its plugin failed: {type(error).__name__}: {error}") from error
    raise UserError(reason)


def _reading(values: Mapping[str, Any]) -> Reading:
    from pydantic import TypeAdapter, ValidationError

    try:
        return TypeAdapter(Reading).validate_python(dict(values))
    except ValidationError as error:
        raise UserError(f"its record does not say how its files were read: {error.errors()[0]['msg'].lower()}") from error


def _candidates(card: DatasetCard, root: Path | None) -> Iterator[Dataset]:
    """The set under this name: where it was found before, if its record does not hold the place, and as the name has it."""
    places = recall_places(card.name) if card.expand else []
    for argument in dict.fromkeys([*places, card.argument]):
        if argument not in places:
            _demand_below(argument, root)
        yield load_factory(card.factory, f"The dataset {card.name}")(replace(card, argument=argument), root)


def _demand_below(argument: str, root: Path | None) -> None:
    """A record may come from anybody: it does not choose which folders of this machine are read, `folder:/etc` say."""
    place, allowed = Path(argument).expanduser().resolve(), [Path.cwd()] if root is None else [Path.cwd(), root.resolve()]
    if argument and not any(place.is_relative_to(folder) for folder in allowed):
        raise UserError(f"{argument} lies neither in the working folder nor in --data-root: give its folder with --data-root")
