"""Runs of toy cells in a process of their own, for tests that end it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import attackers

from adbench import api
from adbench.planning.options import RunOptions
from adbench.registry.cards import load_registry
from adbench.registry.loading import load_plugins

SUPPORT = Path(__file__).parent
REPOSITORY = SUPPORT.parents[1]


def run(out: Path, methods: str, **options) -> api.Run:
    """Cells of the toy plugin and the attackers."""
    registry = load_registry(load_plugins(attackers.entries()))
    asked = RunOptions(methods, options.pop("datasets", "toy-a"), out=out, device="cpu", **options)
    return api.execute_plan(api.plan(asked, registry), asked, registry)


def command(out: Path, methods: str, **options) -> list[str]:
    """The same as a command for another process."""
    return [
        sys.executable,
        "-c",
        f"from contests import run; from pathlib import Path; run(Path({str(out)!r}), {methods!r}, **{options!r})",
    ]


def environment(temporary: Path) -> dict[str, str]:
    """For such a command: with a temporary folder of its own."""
    path = os.pathsep.join(map(str, (SUPPORT, REPOSITORY, REPOSITORY / "plugins")))
    return {**os.environ, "PYTHONPATH": path, "TMPDIR": str(temporary), "OMP_NUM_THREADS": "1"}


def start(out: Path, temporary: Path, methods: str, **options) -> subprocess.Popen:
    """Start such a command; stdout and stderr together."""
    return subprocess.Popen(
        command(out, methods, **options),
        env=environment(temporary),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def below(temporary: Path) -> list[int]:
    """Processes that work in a folder, other than those that are ending."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if os.readlink(process / "cwd").startswith(str(temporary)):
                found.append(int(process.name))
        except OSError:
            continue
    return found
