"""`adbench weights`."""

from __future__ import annotations

from typing import Annotated

import typer

from adbench.cli.console import print_grid, print_json, registry_with_warnings

NAME = "weights"


def command(as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """List named weights and where each comes from. To use your own file: `adbench run --weights NAME=PATH`."""
    from adbench.weights.resolver import WeightsResolver

    registry = registry_with_warnings()
    resolver = WeightsResolver(registry.weights)
    cards = registry.weights.values()
    if as_json:
        fields = ("name", "file", "url", "hub", "revision", "sha256", "embedded", "licence", "notes")
        print_json([{**{key: getattr(card, key) for key in fields}, "state": resolver.status(card.name)} for card in cards])
        return
    print_grid(("weights", "state", "licence"), [(card.name, resolver.status(card.name), card.licence) for card in cards])
