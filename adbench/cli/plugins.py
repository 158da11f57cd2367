"""`adbench plugins`."""

from __future__ import annotations

import dataclasses
from typing import Annotated

import typer

from adbench.cli.console import print_grid, print_json

NAME = "plugins"


def command(as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """List what is plugged in: name, distribution, hooks, load time, and why a plugin failed."""
    from adbench.registry import load_registry

    loaded = load_registry().plugins.loaded
    if as_json:
        print_json([dataclasses.asdict(plugin) for plugin in loaded])
        return
    rows = [
        (p.name, f"{p.distribution} {p.version}", ", ".join(p.hooks), f"{1000 * p.seconds:.0f} ms", p.error or "ok")
        for p in loaded
    ]
    print_grid(("plugin", "distribution", "hooks", "load time", "state"), rows)
