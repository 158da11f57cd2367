"""`adbench datasets`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from adbench.cli.console import print_grid, print_json, registry_with_warnings
from adbench.contracts.dataset import DatasetCard

NAME = "datasets"
ABSENT, UNKNOWN = "absent", "give --data-root to look"


def command(
    data_root: Annotated[
        Path | None, typer.Option(envvar="ADBENCH_DATA", help="Folder with the sets; shows which of them are there.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """List the datasets and their groups. How to get the missing ones is shown below the list."""
    registry = registry_with_warnings()
    cards = list(registry.datasets.values())
    states = {card.name: _state(card, data_root) for card in cards}
    if as_json:
        plain = ("name", "title", "groups", "modality", "has_masks", "synthetic", "counts", "licence", "url", "how_to_get")
        print_json([{**{key: getattr(card, key) for key in plain}, "state": states[card.name]} for card in cards])
        return
    rows = [
        (card.name, card.title, card.modality, ", ".join(card.groups), "yes" if card.has_masks else "no", states[card.name])
        for card in cards
    ]
    print_grid(("name", "dataset", "modality", "groups", "masks", "here"), rows)
    for card in cards:
        if states[card.name] in (ABSENT, UNKNOWN):
            print(f"{card.name}: {card.how_to_get}")


def _state(card: DatasetCard, root: Path | None) -> str:
    if card.synthetic:
        return "built in"
    if card.name.endswith(":"):
        return f"{card.name}PATH"
    if root is None:
        return UNKNOWN
    from adbench.registry.factories import load_factory

    return ABSENT if load_factory(card.factory, card.name)(card, root).absence() else "yes"
