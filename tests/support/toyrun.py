"""Run toy cells."""

from __future__ import annotations

from pathlib import Path

from toyplugin import toy_registry

from adbench import api
from adbench.planning.options import RunOptions


def toy_run(out: Path, methods: str = "peak", datasets: str = "toys", **options) -> api.Run:
    """A run of the toy plugin."""
    asked = RunOptions(methods, datasets, out=out, device="cpu", **options)
    registry = toy_registry()
    return api.execute_plan(api.plan(asked, registry), asked, registry)
