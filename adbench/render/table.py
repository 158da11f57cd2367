"""The leaderboard in a terminal."""

from __future__ import annotations

import io
import re
from collections.abc import Iterable

from rich import box
from rich.console import Console
from rich.table import Table as RichTable
from rich.text import Text

from adbench.leaderboard import METRICS, Row, Table
from adbench.render.words import HEADINGS, MISSING, footnotes, percent, short_names

SVG_WIDTH = 110


def print_tables(tables: Iterable[Table], console: Console) -> None:
    """Print one table a preset and track, and what its marks mean."""
    for table in tables:
        for metric in METRICS:
            datasets = table.datasets_with(metric)
            if datasets:
                console.print(Text(f"{HEADINGS[metric]}: {table.title}", style="bold"))
                console.print(_build(table, metric, datasets))
        for note in footnotes(table):
            console.print(Text(note, style="dim"))
        console.print()


def to_svg(tables: Iterable[Table]) -> str:
    """The terminal's picture, for a README."""
    console = Console(record=True, width=SVG_WIDTH, file=io.StringIO())
    print_tables(tables, console)
    # rich names a font on a foreign server; a picture should need nothing from outside.
    return re.sub(r"@font-face\s*{.*?}", "", console.export_svg(title="adbench leaderboard"), flags=re.DOTALL)


def _build(table: Table, metric: str, datasets: list[str]) -> RichTable:
    built = RichTable(box=box.SIMPLE_HEAD)
    built.add_column("method", style="cyan", overflow="fold")
    for name in short_names(datasets):
        built.add_column(name, justify="right")
    built.add_column("mean", justify="right", style="bold")
    best = {name: _best(table, metric, name) for name in datasets}
    for row in table.rows:
        if any((name, metric) in row.figures for name in datasets) or metric == METRICS[0]:
            cells = [_cell(row, metric, name, best[name]) for name in datasets]
            label = f"{row.variant} ({row.mark})" if row.mark else row.variant
            # As text: a variant's brackets are not markup.
            built.add_row(Text(label), *cells, percent(table.mean(row, metric)))
    return built


def _best(table: Table, metric: str, dataset: str) -> float | None:
    values = [row.figures[dataset, metric].value for row in table.rows if not row.mark and (dataset, metric) in row.figures]
    return max(values) if len(values) > 1 else None


def _cell(row: Row, metric: str, dataset: str, best: float | None) -> Text:
    figure = row.figures.get((dataset, metric))
    if figure is None:
        return Text("failed" if row.failed.get(dataset) else MISSING, style="red" if row.failed.get(dataset) else "dim")
    text = percent(figure.value)
    if figure.std is not None:
        text += f" ± {100 * figure.std:.1f}"
    return Text(text, style="bold green" if figure.value == best and not row.mark else "")
