"""One metric of one table as rows of words, the same for every format."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from adbench.contracts.metric import MetricCard
from adbench.leaderboard.averages import Figure
from adbench.leaderboard.standings import Column, Standing
from adbench.leaderboard.tables import Row, Table
from adbench.render.words import MISSING, figure_words, heading, interval_words, short_names, spread_words


@dataclass(frozen=True)
class FigureText:
    """One figure.

    Attributes:
        text: `87.3`, `87.3 ± 1.2` over seeds, a dash, or `failed`.
        interval: `80.1–92.3`, or empty where unknown.
        emphasis: `best` of the ranked rows, or `tied` with it: not significantly different.
    """

    text: str
    interval: str = ""
    emphasis: Literal["", "best", "tied", "failed"] = ""


@dataclass(frozen=True)
class Line:
    """One row."""

    rank: str
    label: str
    cells: tuple[FigureText, ...]


@dataclass(frozen=True)
class Grid:
    """One metric of one table; the last column is the mean."""

    title: str
    columns: tuple[str, ...]
    lines: tuple[Line, ...]


def grids(table: Table, metrics: Sequence[str], short: bool = False) -> Iterator[Grid]:
    """One grid per metric that some row has.

    Args:
        table: rows and datasets.
        metrics: what to show.
        short: drop the prefix that all dataset names share.
    """
    for metric in metrics:
        datasets = table.datasets_with(metric)
        if datasets:
            names = short_names(datasets) if short else datasets
            standings = table.all_standings(metric)
            lines = tuple(_line(table, row, metric, standings) for row in table.ordered(metric))
            yield Grid(f"{heading(table.metrics[metric])}: {table.title}", (*names, "mean"), lines)


def _line(table: Table, row: Row, metric: str, standings: dict[Column, dict[str, Standing]]) -> Line:
    cells = []
    for column, standing in standings.items():
        figure = table.figure(row, metric, column)
        failed = column is not None and bool(row.failed.get(column))
        # A column with one ranked row has no leader.
        cells.append(_cell(table.metrics[metric], figure, standing.get(row.variant) if len(standing) > 1 else None, failed))
    rank = standings[None].get(row.variant)
    return Line(str(rank) if rank else MISSING, f"{row.variant} ({row.mark})" if row.mark else row.variant, tuple(cells))


def _cell(metric: MetricCard, figure: Figure | None, standing: Standing | None, failed: bool) -> FigureText:
    if figure is None:
        return FigureText("failed", emphasis="failed") if failed else FigureText(MISSING)
    text = f"{figure_words(metric, figure.value)} {spread_words(metric, figure.std)}".rstrip()
    return FigureText(text, interval_words(metric, figure.interval, "–"), standing.emphasis if standing else "")
