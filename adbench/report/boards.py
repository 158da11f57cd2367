"""The leaderboard and the table of cells, ready to be laid out."""

from __future__ import annotations

from dataclasses import dataclass

from adbench.leaderboard import METRICS, Row, Table
from adbench.render.notes import footnotes
from adbench.render.words import heading, percent
from adbench.report.charts.svg import series_class
from adbench.report.material import Material, distinct


@dataclass(frozen=True)
class BoardFigure:
    """One figure. `value` None: it is missing; `failed` says that a cell behind it did."""

    value: float | None
    failed: bool = False
    spread: str = ""
    interval: str = ""
    best: bool = False


@dataclass(frozen=True)
class BoardRow:
    """One method."""

    style: str
    label: str
    title: str
    mark: str
    figures: tuple[BoardFigure, ...]
    mean: BoardFigure


@dataclass(frozen=True)
class Board:
    """One metric of one table."""

    title: str
    heading: str
    datasets: tuple[str, ...]
    rows: tuple[BoardRow, ...]
    notes: tuple[str, ...]
    synthetic: bool


def boards(material: Material) -> list[Board]:
    """One a table and metric that was measured."""
    found = []
    for table in material.tables:
        for metric in METRICS:
            datasets = table.datasets_with(metric)
            if datasets:
                rows = [
                    _row(material, table, row, metric, datasets)
                    for row in table.rows
                    if metric == METRICS[0] or any((name, metric) in row.figures for name in datasets)
                ]
                notes = tuple(footnotes(table)) if metric == METRICS[0] else ()
                found.append(Board(table.title, heading(metric), tuple(datasets), tuple(rows), notes, table.synthetic))
    return found


def metric_names(material: Material) -> list[str]:
    """Every metric that some cell holds, the usual ones first."""
    return distinct([METRICS[0], *(name for cell in material.done for name in cell.record.metrics)])


def metric_heading(name: str) -> str:
    """`Image AUROC (%)` for the usual ones, else the name in words."""
    return heading(name)


def _row(material: Material, table: Table, row: Row, metric: str, datasets: list[str]) -> BoardRow:
    figures = tuple(_figure(material, table, row, metric, dataset) for dataset in datasets)
    means = {other.variant: table.mean(other, metric) for other in table.rows}
    honest = [value for other in table.rows if not other.mark and (value := means[other.variant]) is not None]
    mean = means[row.variant]
    best = mean is not None and not row.mark and len(honest) > 1 and mean == max(honest)
    style = series_class(material.numbers[row.variant])
    return BoardRow(style, row.variant, row.title, row.mark, figures, BoardFigure(mean, best=best))


def _figure(material: Material, table: Table, row: Row, metric: str, dataset: str) -> BoardFigure:
    figure = row.figures.get((dataset, metric))
    failed = bool(row.failed.get(dataset))
    if figure is None:
        return BoardFigure(None, failed)
    others = [
        other.figures[dataset, metric].value for other in table.rows if not other.mark and (dataset, metric) in other.figures
    ]
    interval = material.interval(table, row, dataset) if metric == METRICS[0] else None
    return BoardFigure(
        figure.value,
        failed,
        f"± {100 * figure.std:.1f}" if figure.std is not None else "",
        f"{percent(interval[0])} to {percent(interval[1])}" if interval else "",
        not row.mark and len(others) > 1 and figure.value == max(others),
    )
