"""The plugins of this repository, as pyproject.toml declares them, installed or not."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.metadata import EntryPoint
from pathlib import Path

from adbench.registry.cards import Registry, load_registry
from adbench.registry.loading import load_plugins

REPOSITORY = Path(__file__).resolve().parents[2]


def first_party_entries() -> list[EntryPoint]:
    """Their entry points."""
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return [EntryPoint(name, value, "adbench") for name, value in project["entry-points"]["adbench"].items()]


@cache
def first_party() -> Registry:
    """Their cards."""
    return load_registry(load_plugins(first_party_entries()))
