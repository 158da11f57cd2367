"""`adbench leaderboard RUN...`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from adbench.errors import UserError

if TYPE_CHECKING:
    from adbench.leaderboard.tables import Table

NAME = "leaderboard"


def command(
    runs: Annotated[list[Path] | None, typer.Argument(help="Run folders; adbench-run by default.")] = None,
    format: Annotated[Literal["table", "md", "csv", "json", "latex", "svg"], typer.Option(help="What to print.")] = "table",
    metric: Annotated[
        str, typer.Option(help="Names separated by commas, e.g. image_auroc,pixel_aupro. [default: image_auroc,pixel_auroc]")
    ] = "",
    intervals: Annotated[bool, typer.Option(help="Show 95 % intervals; csv and json always include them.")] = False,
    rank_marked: Annotated[bool, typer.Option(help="Also rank the test-oracle and transductive rows.")] = False,
    published: Annotated[bool, typer.Option(help="Show published figures next to ours where track, k and preset match.")] = False,
) -> None:
    """Rank the methods of one or more runs. One table per preset, track and k; needs no torch."""
    from adbench.api import leaderboard
    from adbench.cli.console import fail_if_unreadable, read_runs
    from adbench.planning.options import DEFAULT_OUT

    read = read_runs(runs or [DEFAULT_OUT])
    tables = leaderboard(read, rank_marked)
    if published:
        _beside_published(tables, format)
    else:
        _print(tables, format, _metrics(metric, tables), intervals)
    fail_if_unreadable(read)


def _print(tables: list[Table], format: str, metrics: tuple[str, ...], intervals: bool) -> None:
    if format == "table":
        from adbench.cli.console import stdout
        from adbench.render.table import print_tables

        print_tables(tables, stdout(), metrics, intervals)
    elif format in ("csv", "json"):
        from adbench.render.rows import to_csv, to_json

        print({"csv": to_csv, "json": to_json}[format](tables, metrics), end="")
    else:
        from adbench.render.latex import to_latex
        from adbench.render.markdown import to_markdown
        from adbench.render.table import to_svg

        print({"md": to_markdown, "latex": to_latex, "svg": to_svg}[format](tables, metrics, intervals), end="")


def _metrics(asked: str, tables: list[Table]) -> tuple[str, ...]:
    from adbench.leaderboard.tables import METRICS
    from adbench.planning.options import split_names

    names = tuple(dict.fromkeys(split_names(asked)))
    measured = sorted({name for table in tables for row in table.rows for _, name in row.figures})
    for name in names:
        if name not in (*METRICS, *measured):
            raise UserError(
                f"--metric {name}: no cell of these runs has it. They have {', '.join(measured) or 'no figure at all'}."
            )
    return names or METRICS


def _beside_published(tables: list[Table], format: str) -> None:
    from adbench.cli.console import print_grid, print_json, registry_with_warnings, say_warning
    from adbench.contracts.metric import Metrics
    from adbench.contracts.protocol import track_words
    from adbench.leaderboard.published import beside_ours, published_names, read_published
    from adbench.render.words import difference_words, figure_words

    registry = registry_with_warnings()
    figures = []
    for card in registry.published.values():
        try:
            figures += read_published(card, registry.metrics)
        except UserError as error:
            say_warning(f"{error} They are of {registry.origins[f'published {card.name}']}.")
    rows = beside_ours(tables, figures, published_names(tables, registry))
    if format == "json":
        print_json(rows)
        return
    if format != "table":
        raise UserError("--published prints a table or json.")
    known = Metrics(registry.metrics)
    for table in tables:
        known.update({name: card for name, card in table.metrics.items() if name not in known})
    shown = [
        (
            row["method"],
            track_words(row["track"], row["k"]),
            row["dataset"],
            row["metric"],
            figure_words(known[row["metric"]], row["ours"]),
            figure_words(known[row["metric"]], row["published"]),
            difference_words(known[row["metric"]], row["difference"]),
            f"{row['source']}, {row['table']} ({row['evidence']})",
        )
        for row in rows
    ]
    if not rows:
        print("No figure of these runs has a published one: the preset must be paper, and track and k must match.")
        return
    print_grid(("method", "track", "dataset", "metric", "ours", "published", "difference", "source"), shown)
