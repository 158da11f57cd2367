"""`adbench leaderboard RUN...`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

NAME = "leaderboard"


def command(
    runs: Annotated[list[Path] | None, typer.Argument(help="Run folders; adbench-run by default.")] = None,
    format: Annotated[Literal["table", "md", "csv", "json", "svg"], typer.Option(help="What to print.")] = "table",
) -> None:
    """Rank what one or several runs measured, per preset, track and k. Needs no torch."""
    from adbench.api import open_run
    from adbench.leaderboard import build_tables
    from adbench.options import DEFAULT_OUT

    records = {record.id: record for path in runs or [DEFAULT_OUT] for record in open_run(path).records}
    tables = build_tables(records.values())
    if format == "table":
        from adbench.cli.console import stdout
        from adbench.render.table import print_tables

        print_tables(tables, stdout())
    elif format == "svg":
        from adbench.render.table import to_svg

        print(to_svg(tables), end="")
    else:
        from adbench.render.text import FORMATS

        print(FORMATS[format](tables), end="")
