"""`adbench leaderboard RUN...`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from adbench.errors import UserError

if TYPE_CHECKING:
    from adbench.leaderboard import Table

NAME = "leaderboard"


def command(
    runs: Annotated[list[Path] | None, typer.Argument(help="Run folders; adbench-run by default.")] = None,
    format: Annotated[Literal["table", "md", "csv", "json", "svg"], typer.Option(help="What to print.")] = "table",
    published: Annotated[bool, typer.Option(help="Put published figures beside ours where track, k and preset match.")] = False,
) -> None:
    """Rank what one or several runs measured, per preset, track and k. Needs no torch."""
    from adbench.api import open_run
    from adbench.leaderboard import build_tables
    from adbench.options import DEFAULT_OUT

    records = {record.id: record for path in runs or [DEFAULT_OUT] for record in open_run(path).records}
    tables = build_tables(records.values())
    if published:
        _beside_published(tables, format)
        return
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


def _beside_published(tables: list[Table], format: str) -> None:
    from adbench.cli.console import print_grid, print_json
    from adbench.published import beside_ours, published_figures
    from adbench.render.words import percent

    rows = beside_ours(tables, published_figures())
    if format == "json":
        print_json(rows)
        return
    if format != "table":
        raise UserError("--published prints a table or json.")
    shown = [
        (
            row["method"],
            f"{row['track']} {row['k'] or ''}".strip(),
            row["dataset"],
            row["metric"],
            percent(row["ours"]),
            percent(row["published"]),
            f"{100 * row['difference']:+.1f}",
            f"{row['source']}, {row['table']} ({row['evidence']})",
        )
        for row in rows
    ]
    print_grid(("method", "track", "dataset", "metric", "ours", "published", "difference", "source"), shown)
    if not rows:
        print("No figure of these runs has a published one: the preset must be paper, and track and k must match.")
