"""The leaderboard, metric by metric, ready for layout; ranks, ties and intervals are those of `adbench.leaderboard.tables`."""

from __future__ import annotations

from dataclasses import dataclass

from adbench.leaderboard.material import Material, distinct
from adbench.leaderboard.standings import Column, Standing
from adbench.leaderboard.tables import METRICS, Row, Table
from adbench.render.notes import Emphasis, footnotes
from adbench.render.words import figure_words, heading, interval_words, short_names, spread_words
from adbench.report.charts.svg import series_class

EMPHASIS = Emphasis("bold", "underlined")


@dataclass(frozen=True)
class BoardFigure:
    """One figure. `value` None: missing; `failed`: a cell behind it failed.

    `text` is the value in words, `emphasis` `best`, `tied` (not significantly different from it) or empty.
    """

    value: float | None
    failed: bool = False
    text: str = ""
    spread: str = ""
    interval: str = ""
    emphasis: str = ""


@dataclass(frozen=True)
class BoardRow:
    """One method. The last figure is the mean; `place` is the sort key of `rank`, None without a rank."""

    style: str
    label: str
    mark: str
    rank: str
    place: int | None
    figures: tuple[BoardFigure, ...]


@dataclass(frozen=True)
class Board:
    """One metric of one table. `incomplete`: some row has no figure on a dataset; the notes say which."""

    title: str
    datasets: tuple[str, ...]
    rows: tuple[BoardRow, ...]
    notes: tuple[str, ...]
    synthetic: bool
    incomplete: bool


@dataclass(frozen=True)
class Panel:
    """One metric of all tables, and how it is computed."""

    title: str
    explained: str
    higher_is_better: bool
    boards: tuple[Board, ...]


@dataclass(frozen=True)
class Contradiction:
    """Scores that depend on other images although the card says they do not: what was seen, and where."""

    label: str
    seen: str
    where: str


def panels(material: Material) -> list[Panel]:
    """One panel per measured metric, the image AUROC first."""
    found = []
    for metric in metric_names(material):
        boards = tuple(_board(material, table, metric) for table in material.tables if table.datasets_with(metric))
        if boards:
            card = material.metrics[metric]
            title = heading(card) + (", threshold from test labels" if card.uses_test_labels else "")
            explained = " ".join(filter(None, (card.computed, card.interval and f"Interval: {card.interval}")))
            found.append(Panel(title, explained, card.higher_is_better, boards))
    return found


def metric_names(material: Material) -> list[str]:
    """Every metric in any cell: the catalogue's in its order, then those of plugins, then others."""
    held = {name for cell in material.done for name in cell.record.metrics}
    usual = [name for name in material.metrics if name in held or name == METRICS[0]]
    return distinct([*usual, *sorted(held)])


def contradictions(material: Material) -> list[Contradiction]:
    """What was seen, once per method, with the cells it was seen in."""
    seen: dict[tuple[str, str], list[str]] = {}
    for cell in material.done:
        record = cell.record
        if record.contradiction:
            place = f"{record.dataset} ({record.track}{f', k = {record.k}' if record.k else ''}, seed {record.seed})"
            seen.setdefault((record.variant, record.contradiction), []).append(place)
    return [Contradiction(label, sentence, ", ".join(places)) for (label, sentence), places in seen.items()]


def _board(material: Material, table: Table, metric: str) -> Board:
    datasets = table.datasets_with(metric)
    standings = table.all_standings(metric)
    rows = []
    for row in table.ordered(metric):
        rank = standings[None].get(row.variant)
        figures = tuple(_figure(table, row, metric, column, standing) for column, standing in standings.items())
        style = series_class(material.numbers[row.variant])
        rows.append(BoardRow(style, row.variant, row.mark, str(rank) if rank else "", rank.rank if rank else None, figures))
    notes = tuple(footnotes(table, [metric], EMPHASIS))
    incomplete = any(table.missing(row, metric) for row in table.ordered(metric))
    return Board(table.title, tuple(short_names(datasets)), tuple(rows), notes, table.synthetic, incomplete)


def _figure(table: Table, row: Row, metric: str, column: Column, standings: dict[str, Standing]) -> BoardFigure:
    figure = table.figure(row, metric, column)
    failed = column is not None and bool(row.failed.get(column))
    if figure is None:
        return BoardFigure(None, failed)
    standing = standings.get(row.variant) if len(standings) > 1 else None  # a column with one ranked row has no leader
    emphasis = standing.emphasis if standing else ""
    card = table.metrics[metric]
    text, spread = figure_words(card, figure.value), spread_words(card, figure.std)
    return BoardFigure(figure.value, failed, text, spread, interval_words(card, figure.interval), emphasis)
