"""`adbench methods [NAME]`."""

from __future__ import annotations

import dataclasses
from typing import Annotated

import typer

from adbench.cli.console import print_grid, print_json, registry_with_warnings
from adbench.contracts.detector import DetectorCard

NAME = "methods"


def command(
    name: Annotated[str | None, typer.Argument(help="Show one method with its parameters.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """List the methods, or show one with its parameters. Its notes say what differs from the original."""
    registry = registry_with_warnings()
    cards = [registry.detector(name)] if name else list(registry.detectors.values())
    if as_json:
        print_json([_describe(card, registry.origins.get(f"method {card.name}", "")) for card in cards])
    elif name:
        _print_card(cards[0])
    else:
        rows = [(card.name, card.title, ", ".join(card.tracks), "yes" if card.gives_maps else "no") for card in cards]
        print_grid(("name", "method", "tracks", "maps"), rows)


def _describe(card: DetectorCard, origin: str) -> dict:
    parameters = {
        field.name: {"default": field.default, "type": str(field.type), "help": field.metadata.get("help", "")}
        for field in dataclasses.fields(card.parameters)
    }
    plain = ("name", "title", "tracks", "needs_masks", "gives_maps", "citation", "url", "licence", "version", "packages", "notes")
    return {**{key: getattr(card, key) for key in plain}, "distribution": origin, "parameters": parameters}


def _print_card(card: DetectorCard) -> None:
    for label in ("title", "citation", "url", "licence", "notes"):
        if getattr(card, label):
            print(f"{label:9} {getattr(card, label)}")
    print(f"tracks    {', '.join(card.tracks)}")
    rows = []
    for field in dataclasses.fields(card.parameters):
        demo = card.presets.get("demo", {}).get(field.name, "")
        rows.append((f"{card.name}.{field.name}", field.default, demo, field.metadata.get("help", "")))
    if rows:
        print_grid(("parameter", "default (paper)", "demo", "what it does"), rows)
