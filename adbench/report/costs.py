"""Cost of methods: a table of everything measured, and charts of cost against AUROC."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from statistics import fmean

from adbench.contracts.protocol import track_words
from adbench.leaderboard.material import Material
from adbench.leaderboard.tables import METRICS, Row, Table
from adbench.render.words import percent
from adbench.report.blocks import Block, Chart, Key, spoken
from adbench.report.charts.cost import CostPoint, cost_chart
from adbench.report.charts.svg import series_class
from adbench.results.record import CellRecord

IMAGE_AUROC = METRICS[0]


@dataclass(frozen=True)
class Cost:
    """One quantity: its title, the decimals to show, and how to read it from a record."""

    title: str
    digits: int
    of: Callable[[CellRecord], float | None]
    more_is_better: bool = False


def _seconds(record: CellRecord) -> float | None:
    return sum(record.seconds.values()) if record.seconds else None


def _noted(name: str) -> Callable[[CellRecord], float | None]:
    return lambda record: record.cost.get(name)


GFLOP = Cost("GFLOP an image", 2, _noted("gflop_per_image"))
MEMORY = Cost("Peak memory (MB)", 0, lambda record: record.peak_memory_mb)
CHARTED = (Cost("Fit and predict (s)", 1, _seconds), GFLOP, MEMORY)
TABLED = (
    Cost("Fit (s)", 1, lambda record: record.seconds.get("fit")),
    Cost("Predict (s)", 1, lambda record: record.seconds.get("predict")),
    Cost("Images a second", 1, _noted("images_per_second"), more_is_better=True),
    GFLOP,
    Cost("Trainable parameters", 0, _noted("trainable_parameters")),
    MEMORY,
    Cost("GPU memory (MB)", 0, _noted("gpu_memory_mb")),
)


@dataclass(frozen=True)
class CostLine:
    """One method of one table. `values` has one per column, None where it was not measured on every dataset."""

    style: str
    label: str
    mark: str
    track: str
    values: tuple[float | None, ...]
    auroc: float | None


@dataclass(frozen=True)
class CostTable:
    """Has a column only for quantities that were measured."""

    columns: tuple[Cost, ...]
    lines: tuple[CostLine, ...]


def cost_table(material: Material) -> CostTable:
    """One line per method and table."""
    columns = tuple(cost for cost in TABLED if _measured(material, cost))
    lines = [
        CostLine(
            series_class(material.numbers[row.variant]),
            row.variant,
            row.mark,
            ", ".join(filter(None, (track_words(table.track, table.k), f"preset {table.preset}", table.condition))),
            tuple(mean_cost(material, table, row, cost) for cost in columns),
            table.mean(row, IMAGE_AUROC),
        )
        for table in material.tables
        for row in table.rows
    ]
    return CostTable(columns, tuple(lines))


def cost_blocks(material: Material) -> list[Block]:
    """One block per quantity, one chart per table: cost of a cell against the mean AUROC."""
    blocks = []
    for cost in CHARTED:
        if _measured(material, cost):
            blocks.append(Block(cost.title))
            for table in material.tables:
                chart = _chart(material, table, cost)
                if chart.svg:
                    blocks[-1].charts.append(chart)
                else:
                    blocks[-1].notes.append(f"{table.title}: {chart.note}")
    return blocks


def _measured(material: Material, cost: Cost) -> bool:
    return any(cost.of(cell.record) is not None for cell in material.done)


def mean_cost(material: Material, table: Table, row: Row, cost: Cost) -> float | None:
    """Mean over seeds, then over all datasets of the table; None where one of them has none."""
    means = []
    for dataset in table.datasets:
        values = [cost.of(cell.record) for cell in material.of(table, row, dataset)]
        known = [value for value in values if value is not None]
        if not known or len(known) < len(values):
            return None
        means.append(fmean(known))
    return fmean(means)


def _chart(material: Material, table: Table, cost: Cost) -> Chart:
    points, keys, missing = [], [], []
    for row in table.rows:
        value, spent = table.mean(row, IMAGE_AUROC), mean_cost(material, table, row, cost)
        if value is None or spent is None:
            missing.append(row.variant)
            continue
        point = CostPoint(material.numbers[row.variant], row.variant, spent, value)
        points.append(point)
        keys.append(Key(series_class(point.index), row.variant, f"{percent(value)} % at {spent:,.{cost.digits}f}", row.mark))
    note = f"Not shown, without a figure on every dataset: {', '.join(missing)}." if missing else ""
    if not points:
        return Chart(table.title, note=note or "Nothing was measured.")
    described = f"{cost.title} against mean image AUROC in percent: {spoken(keys)}."
    return Chart(table.title, cost_chart(points, cost.title, described), tuple(keys), note)
