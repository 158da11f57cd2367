"""`adbench check RUN --baseline FILE`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from adbench.cli.console import print_grid, say_error
from adbench.errors import ExitCode

if TYPE_CHECKING:
    from adbench.regression.verdicts import Comparison

NAME = "check"


def command(
    run: Annotated[Path, typer.Argument(help="Run folder.")],
    baseline: Annotated[Path, typer.Option(help="File made by `adbench baseline`.")],
    tolerance: Annotated[float, typer.Option(help="How much AUROC may be lost.")] = 0.01,
    strict: Annotated[
        bool,
        typer.Option(
            help="Count any loss beyond the tolerance as worse, even if it may be chance: for runs that repeat exactly."
        ),
    ] = False,
    format: Annotated[Literal["table", "md", "json", "junit"], typer.Option(help="What to print.")] = "table",
) -> None:
    """Compare a run with a baseline, cell by cell. Exit 0: nothing worse; 3: worse; 1: crashed, unreadable or incomparable."""
    from adbench.cli.console import fail_if_unreadable, read_runs
    from adbench.regression.baseline import read_baseline, readable_cells
    from adbench.regression.verdicts import Rule, check, exit_code
    from adbench.render.comparison import sentence
    from adbench.results.store import RunFolder

    rule = Rule(tolerance, strict)
    (read,) = read_runs([run])
    cells, failed = readable_cells(RunFolder(run), read.records)
    compared = check(cells, read_baseline(baseline), failed, rule)
    show(compared, format)
    for row in compared:
        if row.verdict in ("worse", "incomparable"):
            say_error(sentence(row))
    code = exit_code(compared)
    if code is not ExitCode.OK:
        raise typer.Exit(code)
    fail_if_unreadable([read])


def show(compared: list[Comparison], format: str) -> None:
    """Print a comparison."""
    from adbench.render.comparison import COLUMNS, FORMATS, LEGEND, cells_of, summary

    if format == "table":
        print_grid(COLUMNS, [cells_of(row) for row in compared])
        print(f"{LEGEND}\n{summary(compared)}")
    else:
        print(FORMATS[format](compared), end="")
