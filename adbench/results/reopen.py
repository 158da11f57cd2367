"""The dataset that a finished cell was measured on, if it is present."""

from __future__ import annotations

from pathlib import Path

from adbench.contracts.dataset import Dataset, Item
from adbench.errors import UserError
from adbench.registry.cards import Registry
from adbench.registry.factories import load_factory

Opened = tuple[Dataset, dict[str, Item]]


def reopen_dataset(registry: Registry, name: str, root: Path | None, fingerprint: str) -> Opened:
    """The dataset with this name and content, and the items of its test split by id.

    Args:
        root: folder with the sets, or None.
        fingerprint: from the cell's identity.

    Raises:
        UserError: it is absent, its content has changed, its plugin fails, or its name leads to a folder that the user did
            not point to.
    """
    try:
        card = registry.dataset(name)
        _demand_below(card.argument, root)
        dataset: Dataset = load_factory(card.factory, f"The dataset {name}")(card, root)
        absence = dataset.absence()
        found = "" if absence else dataset.fingerprint()
        items = {} if absence else {item.id: item for item in dataset.items("test")}
    except UserError:
        raise
    except Exception as error:
        raise UserError(f"its plugin failed: {type(error).__name__}: {error}") from error
    if absence:
        raise UserError(absence)
    if found != fingerprint:
        raise UserError("the copy here is not the one that was measured")
    return dataset, items


def _demand_below(argument: str, root: Path | None) -> None:
    """A record may come from anybody: it does not choose which folders of this machine are read, `folder:/etc` say."""
    place, allowed = Path(argument).expanduser().resolve(), [Path.cwd()] if root is None else [Path.cwd(), root.resolve()]
    if argument and not any(place.is_relative_to(folder) for folder in allowed):
        raise UserError(f"{argument} lies neither in the working folder nor in --data-root: give its folder with --data-root")
