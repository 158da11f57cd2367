"""The leaderboard in a terminal."""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Sequence

from rich import box
from rich.console import Console
from rich.table import Table as RichTable
from rich.text import Text

from adbench.leaderboard.tables import METRICS, Table
from adbench.render.grid import FigureText, Grid, grids
from adbench.render.notes import Emphasis, footnotes
from adbench.words import printable

SVG_WIDTH = 110
STYLES = {"best": "bold green", "tied": "underline", "failed": "red", "": ""}
EMPHASIS = Emphasis("bold", "underlined")


def print_tables(tables: Iterable[Table], console: Console, metrics: Sequence[str] = METRICS, intervals: bool = False) -> None:
    """Print one table per preset, track and metric, with its footnotes.

    Args:
        tables: the tables.
        console: where to print.
        metrics: the metrics to show.
        intervals: show the 95 % interval under each figure.
    """
    for table in tables:
        for grid in grids(table, metrics, short=True):
            console.print(Text(printable(grid.title), style="bold"))
            console.print(_build(grid, intervals))
        for note in footnotes(table, metrics, EMPHASIS, intervals):
            console.print(Text(printable(note), style="dim"))
        console.print()


def to_svg(tables: Iterable[Table], metrics: Sequence[str] = METRICS, intervals: bool = False) -> str:
    """The terminal output as SVG, for a README."""
    console = Console(record=True, width=SVG_WIDTH, file=io.StringIO())
    print_tables(tables, console, metrics, intervals)
    # rich links a font on another server; the picture must not load anything.
    return re.sub(r"@font-face\s*{.*?}", "", console.export_svg(title="adbench leaderboard"), flags=re.DOTALL)


def _build(grid: Grid, intervals: bool) -> RichTable:
    built = RichTable(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False)  # six datasets with seeds fit 110 columns
    built.add_column("rank", justify="right")
    built.add_column("method", style="cyan", overflow="fold")
    for name in grid.columns[:-1]:
        built.add_column(Text(printable(name)), justify="right")
    built.add_column(grid.columns[-1], justify="right", style="bold")
    for line in grid.lines:
        # As Text: rich would read the brackets of a variant or a set as markup.
        built.add_row(line.rank, Text(printable(line.label)), *(_text(cell, intervals) for cell in line.cells))
    return built


def _text(cell: FigureText, intervals: bool) -> Text:
    text = Text(cell.text, style=STYLES[cell.emphasis], justify="right")
    return Text.assemble(text, "\n", (cell.interval, "not bold dim"), justify="right") if intervals else text
