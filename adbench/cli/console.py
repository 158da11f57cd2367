"""What the subcommands print with: results on stdout, everything else on stderr."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

import typer

from adbench.errors import ExitCode
from adbench.words import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from rich.console import Console

    from adbench.api import Run
    from adbench.registry.cards import Registry

PIPE_WIDTH = 200
WHOLE = 10  # a column of texts no longer than this never wraps


def stdout() -> Console:
    """A console on stdout; wide enough for tables if it is not a terminal."""
    return _console(stderr=False)


def stderr() -> Console:
    """A console on stderr, for progress and warnings."""
    return _console(stderr=True)


def _console(stderr: bool) -> Console:
    from rich.console import Console

    stream = sys.stderr if stderr else sys.stdout
    width = None if stream.isatty() or "COLUMNS" in os.environ else PIPE_WIDTH
    return Console(stderr=stderr, width=width, highlight=False, soft_wrap=stderr)


def say(message: str) -> None:
    """One line on stderr."""
    print(printable(message), file=sys.stderr)


def say_error(message: str) -> None:
    """One line on stderr."""
    say(f"adbench: error: {message}")


def say_warning(message: str) -> None:
    """One line on stderr."""
    say(f"adbench: warning: {message}")


def tell(message: str) -> None:
    """One line on stdout."""
    print(printable(message))


def registry_with_warnings() -> Registry:
    """The registry; plugins that failed are named on stderr."""
    from adbench.registry.cards import load_registry

    registry = load_registry()
    for plugin in registry.plugins.failed():
        say_warning(f"plugin {plugin.name!r} of {plugin.distribution} was left out: {plugin.error}")
    return registry


def read_runs(paths: Sequence[Path]) -> list[Run]:
    """Run folders; cells that cannot be read are named on stderr."""
    from adbench.api import read_run

    runs = [read_run(path) for path in paths]
    for run in runs:
        for sentence in run.unreadable:
            say_warning(sentence)
    return runs


def fail_if_unreadable(runs: Sequence[Run]) -> None:
    """Exit with code 1 if a cell could not be read: the printed output misses a figure."""
    if any(run.unreadable for run in runs):
        raise typer.Exit(ExitCode.CELL_FAILED)


def print_grid(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """A plain table on stdout. In a narrow terminal long texts wrap, and names and figures stay whole."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    texts = [[printable(str(value), lines=True) for value in row] for row in rows]
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False)
    for place, column in enumerate(columns):
        widest = max(len(column), *(len(row[place]) for row in texts), 0)
        table.add_column(column, overflow="fold", no_wrap=widest <= WHOLE)
    for row in texts:
        table.add_row(*map(Text, row))
    stdout().print(table)


def print_json(value: Any) -> None:
    """JSON on stdout."""
    import json

    print(json.dumps(value, indent=1, default=str))


def tracked(iterable: Iterable[Any], description: str, total: int) -> Iterable[Any]:
    """The same items, with a bar on stderr where that is a terminal."""
    from rich.markup import escape
    from rich.progress import track

    console = stderr()
    return track(
        iterable, escape(printable(description)), total, console=console, transient=True, disable=not console.is_terminal
    )
