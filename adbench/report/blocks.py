"""The charts of a report, each with a title, a legend and a note."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from markupsafe import Markup

from adbench.contracts.protocol import track_words
from adbench.leaderboard.material import BoardCell, Material, distinct
from adbench.leaderboard.tables import METRICS, Row, Table
from adbench.render.notes import FEW_DATASETS
from adbench.render.words import heading, percent, short_names
from adbench.report.charts.heat import HeatRow, heat_map
from adbench.report.charts.ranks import rank_diagram
from adbench.report.charts.roc import roc_chart
from adbench.report.charts.scores import score_histogram
from adbench.report.charts.shots import ShotSeries, shots_chart
from adbench.report.charts.svg import series_class
from adbench.results.record import ScoreTable

IMAGE_AUROC = METRICS[0]
PIXEL_AUROC = METRICS[1]
MOST_COLUMNS = (4, 3)


@dataclass(frozen=True)
class Key:
    """One line of a legend."""

    style: str
    label: str
    value: str = ""
    mark: str = ""


@dataclass(frozen=True)
class Chart:
    """A drawing, or the reason why there is none."""

    title: str
    svg: Markup | None = None
    legend: tuple[Key, ...] = ()
    note: str = ""
    detail: str = ""
    mark: str = ""


@dataclass
class Block:
    """Charts that belong together; readers choose a block by its title. `notes`: what could not be drawn."""

    title: str
    charts: list[Chart] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def columns(self) -> int:
        """Three or four per row, whichever leaves fewer gaps in the last row."""
        return min(MOST_COLUMNS, key=lambda columns: -len(self.charts) % columns)


def roc_blocks(material: Material) -> list[Block]:
    """One block per table, one chart per dataset, one curve per method and seed."""
    blocks = []
    for table in material.tables:
        block = Block(table.title)
        for dataset in table.datasets:
            curves, keys = [], []
            for row in table.rows:
                cells = [cell for cell in material.of(table, row, dataset) if cell.ranked]
                number = material.numbers[row.variant]
                curves += [(number, cell.scores.labels, cell.scores.scores) for cell in cells if cell.scores]
                if cells:
                    keys.append(_key(material, row, dataset))
            if curves:
                drawn = roc_chart(curves, f"ROC curves on {dataset}. Area under the curve in percent: {spoken(keys)}.")
                block.charts.append(Chart(dataset, drawn, tuple(keys)))
            else:
                block.charts.append(Chart(dataset, note="No finished cell with both labels: no curve."))
        blocks.append(block)
    return blocks


def score_blocks(material: Material) -> list[Block]:
    """One block per dataset, one chart per method and track; the first seed of each."""
    blocks = []
    for dataset in material.datasets:
        block = Block(dataset)
        for table in material.tables:
            for row in table.rows:
                cells = [(cell, cell.scores) for cell in material.of(table, row, dataset) if cell.scores]
                if cells:
                    block.charts.append(_histogram(table, *cells[0], len(cells)))
        if block.charts:
            blocks.append(block)
    return blocks


def heat_blocks(material: Material) -> list[Block]:
    """One map per preset and AUROC, over all tracks."""
    blocks = []
    for preset in distinct(table.preset for table in material.tables):
        tables = [table for table in material.tables if table.preset == preset]
        for metric in (IMAGE_AUROC, PIXEL_AUROC):
            datasets = sorted({dataset for table in tables for dataset in table.datasets_with(metric)})
            rows = [
                HeatRow(
                    row.variant,
                    [line for line in (_condition(table), ", ".join(row.mark.split())) if line],
                    [_value(row, dataset, metric) for dataset in datasets],
                    [bool(row.failed.get(dataset)) for dataset in datasets],
                )
                for table in tables
                for row in table.rows
                if metric == IMAGE_AUROC or any((dataset, metric) in row.figures for dataset in datasets)
            ]
            if rows:
                title = f"{heading(material.metrics[metric])}, preset {preset}"
                described = (
                    f"{title}: {len(rows)} methods and tracks on {len(datasets)} datasets, the figures of the leaderboard."
                )
                blocks.append(Block(title, [Chart("", heat_map(rows, short_names(datasets), described))]))
    return blocks


def shot_blocks(material: Material) -> list[Block]:
    """AUROC over k: one block per preset, track and condition run with several k; one chart per dataset."""
    blocks = []
    grouped: dict[tuple[str, str, str], list[Table]] = {}
    for table in material.tables:
        if table.k:
            grouped.setdefault((table.preset, table.track, table.condition), []).append(table)
    for (preset, track, condition), tables in grouped.items():
        if len(tables) > 1:
            block = Block(f"{track} ({', '.join(filter(None, (f'preset {preset}', condition)))})")
            for dataset in sorted({dataset for table in tables for dataset in table.datasets}):
                block.charts.append(_shots(material, tables, dataset))
            blocks.append(block)
    return blocks


def rank_blocks(material: Material) -> list[Block]:
    """One critical-difference diagram per table, over ranked rows that were measured on every dataset."""
    block = Block("")
    for table in material.tables:
        chart = _ranks(material, table)
        if chart.svg:
            block.charts.append(chart)
        else:
            block.notes.append(f"{table.title}: {chart.note}")
    return [block]


def _key(material: Material, row: Row, dataset: str) -> Key:
    figure = row.figures.get((dataset, IMAGE_AUROC))
    shown = percent(figure.value if figure else None)
    if figure and figure.interval:
        shown += f" [{percent(figure.interval[0])}, {percent(figure.interval[1])}]"
    return Key(series_class(material.numbers[row.variant]), row.variant, shown, row.mark)


def _histogram(table: Table, cell: BoardCell, kept: ScoreTable, seeds: int) -> Chart:
    labels, scores, record = kept.labels, kept.scores, cell.record
    area = percent(record.metrics.get(IMAGE_AUROC))
    described = f"Histogram of the scores of {record.variant} on {record.dataset}, {track_words(table.track, table.k)}: image AUROC {area} %."
    drawn, beyond = score_histogram(labels, scores, described)
    notes = [f"AUROC {area} %."] if cell.ranked else ["One label only."]
    notes += [f"{beyond} scores lie beyond the ends and are counted in the outermost bins."] if beyond else []
    notes += [f"Seed {record.seed}, the first of {seeds}."] if seeds > 1 else []
    return Chart(record.variant, drawn, note=" ".join(notes), detail=_condition(table), mark=cell.mark)


def _shots(material: Material, tables: list[Table], dataset: str) -> Chart:
    series, keys = [], []
    for variant, mark in _distinct_rows(tables):
        points = []
        for table in sorted(tables, key=lambda table: table.k):
            row = next((row for row in table.rows if row.variant == variant), None)
            figure = row.figures.get((dataset, IMAGE_AUROC)) if row else None
            if figure:
                points.append((table.k, figure.value, figure.std))
        if points:
            number = material.numbers[variant]
            series.append(ShotSeries(number, points))
            keys.append(Key(series_class(number), variant, ", ".join(f"k={k}: {percent(value)}" for k, value, _ in points), mark))
    if not series:
        return Chart(dataset, note="Nothing was measured.")
    return Chart(dataset, shots_chart(series, f"Image AUROC over k on {dataset}, in percent: {spoken(keys)}."), tuple(keys))


def _distinct_rows(tables: list[Table]) -> Iterator[tuple[str, str]]:
    yield from dict.fromkeys((row.variant, row.mark) for table in tables for row in table.rows)


def _ranks(material: Material, table: Table) -> Chart:
    found = table.mean_ranks(IMAGE_AUROC)
    whole = [row for row in table.rows if table.ranks(row) and table.mean(row, IMAGE_AUROC) is not None]
    left_out = [row.variant for row in table.rows if table.ranks(row) and row not in whole]
    note = f"Left out, without a figure on every dataset: {', '.join(left_out)}. " if left_out else ""
    if found is None:
        counted = f"{len(whole)} with a figure on each of {len(table.datasets)}"
        return Chart(table.title, note=f"{note}Needs two ranked methods and two datasets; here: {counted}.")
    rows, comparison = found
    names = [row.variant for row in rows]
    ranked = ", ".join(f"{name} {rank:.2f}" for rank, name in sorted(zip(comparison.mean_ranks, names, strict=True)))
    described = f"Critical-difference diagram. Mean ranks: {ranked}. Critical difference {comparison.critical_difference:.2f}."
    numbers = [material.numbers[name] for name in names]
    note += f"Friedman test: p = {comparison.friedman_p:.3g}; Nemenyi, 5 % level, {len(table.datasets)} datasets."
    if len(table.datasets) < FEW_DATASETS:
        note += " With so few datasets only large and consistent differences show: a bar does not mean equal."
    return Chart(table.title, rank_diagram(comparison, names, numbers, described), note=note)


def _value(row: Row, dataset: str, metric: str = IMAGE_AUROC) -> float | None:
    figure = row.figures.get((dataset, metric))
    return figure.value if figure else None


def _condition(table: Table) -> str:
    return ", ".join(filter(None, (track_words(table.track, table.k), table.condition)))


def spoken(keys: list[Key]) -> str:
    """A legend as a sentence."""
    return "; ".join(" ".join(filter(None, (key.label, key.mark and f"({key.mark})", key.value))) for key in keys)
