"""`adbench datasets [NAME]`."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from adbench.cli.console import print_grid, print_json, registry_with_warnings, say_error, say_warning, tell
from adbench.cli.options import with_reading
from adbench.contracts.dataset import SPLITS, DatasetCard, Reading

if TYPE_CHECKING:
    from adbench.data.facts import SetFacts
    from adbench.registry.cards import Registry

NAME = "datasets"
ABSENT, UNKNOWN = "absent", "give --data-root to look"
COLUMNS = ("folder", "used as", "split", "label", "files", "why")


@with_reading()
def command(
    name: Annotated[
        str | None, typer.Argument(help="Show one set: what its files are used as, and what is wrong with it.")
    ] = None,
    data_root: Annotated[
        Path | None, typer.Option(envvar="ADBENCH_DATA", help="Folder with the sets; shows which of them are there.")
    ] = None,
    reading: Reading = Reading(),
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """List the datasets and their groups, or show one. How to get the missing ones is shown below the list."""
    registry = registry_with_warnings()
    if name is None:
        _list(registry, data_root, as_json)
        return
    from adbench.data.facts import set_facts
    from adbench.planning.shelf import Shelf

    shelf = Shelf(registry, data_root, reading, faulty=True)
    found = [set_facts(shelf.present[card.name]) for card in shelf.choose([name])]
    if as_json:
        rows = [{**dataclasses.asdict(facts), "folders": [row._asdict() for row in facts.folders]} for facts in found]
        print_json(rows)
        return
    for facts in found:
        _print(facts)
    for absent, reason in shelf.absent.items():
        say_warning(f"{absent} is absent: {reason}")


def _list(registry: Registry, data_root: Path | None, as_json: bool) -> None:
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
            tell(f"{card.name}: {card.how_to_get}")


def _print(facts: SetFacts) -> None:
    known = {
        "title": facts.title,
        "modality": facts.modality,
        "licence": facts.licence,
        "where": facts.where or "made by a program, or not in files",
        "masks": "yes" if facts.has_masks else "no",
        "values": f"{facts.values} (images of more than 8 bits)",
        "known": f"{facts.subjects} subjects, {facts.types} types, {facts.sites} sites",
    }
    tell(facts.name)
    for label, text in known.items():
        if text:
            tell(f"  {label:9} {text}")
    rows = [(split, *(facts.counts[f"{split}{kind}"] for kind in ("/normal", "/abnormal", ""))) for split in SPLITS]
    print_grid(("split", "normal", "abnormal", "images"), rows)
    if facts.folders:
        print_grid(COLUMNS, facts.folders)
    for warning in facts.warnings:
        say_warning(warning)
    for problem in facts.problems:
        say_error(problem)


def _state(card: DatasetCard, root: Path | None) -> str:
    if card.synthetic:
        return "built in"
    if card.name.endswith(":"):
        return f"{card.name}PATH"
    if root is None:
        return UNKNOWN
    from adbench.registry.factories import load_factory

    return ABSENT if load_factory(card.factory, card.name)(card, root).absence() else "yes"
