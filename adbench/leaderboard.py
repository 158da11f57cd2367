"""From results to ranked rows. What was not measured stays missing; no mean is taken over unequal sets of cells."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from statistics import fmean, stdev
from typing import Any

from adbench.options import Protocol
from adbench.protocol import EVALUATION_SIZE
from adbench.results import CellRecord

METRICS = ("image_auroc", "pixel_auroc")
HONEST = ""


@dataclass(frozen=True)
class Figure:
    """A metric of one method on one dataset, over seeds.

    Attributes:
        value: mean over seeds, in [0, 1].
        seeds: the seeds that were measured.
        std: standard deviation over seeds (n - 1); None with a single seed.
    """

    value: float
    seeds: tuple[int, ...]
    std: float | None


@dataclass(frozen=True)
class Row:
    """One method (with its changed parameters) in one table."""

    method: str
    variant: str
    title: str
    mark: str
    figures: dict[tuple[str, str], Figure]
    failed: dict[str, int]

    def mean(self, metric: str, datasets: Sequence[str]) -> float | None:
        """Mean over these datasets; None where one of them is missing."""
        values = [self.figures.get((dataset, metric)) for dataset in datasets]
        return fmean(figure.value for figure in values if figure) if values and all(values) else None


@dataclass
class Table:
    """One preset and track: methods that learn from the same, and so can be ranked.

    Attributes:
        rows: best mean image AUROC first; rows with a missing figure and marked rows last.
        datasets: all that a row of this table was measured on.
    """

    preset: str
    track: str
    k: int
    condition: str
    synthetic: bool
    rows: list[Row] = field(default_factory=list)
    datasets: list[str] = field(default_factory=list)

    @property
    def title(self) -> str:
        """`few-shot, k = 4 (preset demo)`."""
        inside = ", ".join(filter(None, (f"preset {self.preset}", self.condition)))
        return f"{self.track}{f', k = {self.k}' if self.k else ''} ({inside})"

    def datasets_with(self, metric: str) -> list[str]:
        """The datasets on which at least one row has this metric; for the image AUROC, which every cell has or lacks, all."""
        if metric == METRICS[0]:
            return self.datasets
        return [name for name in self.datasets if any((name, metric) in row.figures for row in self.rows)]

    def mean(self, row: Row, metric: str) -> float | None:
        """The row's mean over all datasets of the table that have this metric; None where it misses one."""
        return row.mean(metric, self.datasets_with(metric))


def build_tables(records: Iterable[CellRecord]) -> list[Table]:
    """Group records by preset, track, k and protocol; average over seeds; rank."""
    tables: dict[tuple[str, str, int, str], dict[tuple[str, str], list[CellRecord]]] = {}
    for record in _newest(records):
        rows = tables.setdefault((record.preset, record.track, record.k, condition_of(record)), {})
        rows.setdefault((record.method, record.variant), []).append(record)
    built = []
    for (preset, track, k, condition), rows in sorted(tables.items()):
        flat = [record for group in rows.values() for record in group]
        table = Table(preset, track, k, condition, all(record.synthetic for record in flat))
        table.datasets = sorted({record.dataset for record in flat})
        table.rows = [_row(group) for group in rows.values()]
        table.rows.sort(key=lambda row: _rank_key(table, row))
        built.append(table)
    return built


def condition_of(record: CellRecord) -> str:
    """What of the protocol is not the default, e.g. `limit=8, precision=bf16`; such figures make a table of their own."""
    usual = {**Protocol().identity(), "precision": "fp32", "evaluation_size": EVALUATION_SIZE}
    found = {**record.identity.get("protocol", {}), "precision": record.identity.get("precision", "fp32")}
    if found.get("support_list"):  # one word for all sets of a table, each of which has its own images
        found["support_list"] = "given"
    return ", ".join(f"{name}={value}" for name, value in sorted(found.items()) if usual.get(name) != value)


def _newest(records: Iterable[CellRecord]) -> list[CellRecord]:
    """One record where the same cell was measured again, say after its weights or its data changed: the last one."""
    kept: dict[tuple, CellRecord] = {}
    for record in sorted(records, key=lambda record: (record.status == "done", record.started)):
        condition = condition_of(record) if record.status == "done" else ""
        kept[record.variant, record.dataset, record.preset, record.track, record.k, record.seed, condition] = record
    done = {key[:-1] for key, record in kept.items() if record.status == "done"}
    return [record for key, record in kept.items() if record.status == "done" or key[:-1] not in done]


def mark_of(record: CellRecord) -> str:
    """What keeps a row out of the ranks, or nothing for an honest row.

    `test-oracle`, `transductive` (as its card says, or as was seen), and `random-weights` where nothing else was learnt from.
    """
    marks = {
        "test-oracle": record.selection == "test-oracle",
        "transductive": record.transductive or record.contradiction,
        "random-weights": record.random_weights and record.track == "zero-shot",
    }
    return " ".join(mark for mark, applies in marks.items() if applies)


def as_rows(tables: Iterable[Table]) -> list[dict[str, Any]]:
    """One dictionary a figure: `method, variant, track, k, preset, dataset, metric, value, std, n_seeds, mark`.

    A figure that was not measured has `value` None and `n_seeds` 0.
    """
    rows = []
    for table in tables:
        for row in table.rows:
            for metric in METRICS:
                for dataset in table.datasets_with(metric):
                    figure = row.figures.get((dataset, metric))
                    rows.append(
                        {
                            "method": row.method,
                            "variant": row.variant,
                            "track": table.track,
                            "k": table.k,
                            "preset": table.preset,
                            "dataset": dataset,
                            "metric": metric,
                            "value": figure.value if figure else None,
                            "std": figure.std if figure else None,
                            "n_seeds": len(figure.seeds) if figure else 0,
                            "n_failed": row.failed.get(dataset, 0),
                            "mark": row.mark,
                        }
                    )
    return rows


def _row(records: list[CellRecord]) -> Row:
    figures: dict[tuple[str, str], Figure] = {}
    failed: dict[str, int] = {}
    for dataset in {record.dataset for record in records}:
        cells = sorted((r for r in records if r.dataset == dataset), key=lambda r: r.seed)
        failures = sum(cell.status == "failed" for cell in cells)
        if failures:
            failed[dataset] = failures
        for metric in METRICS:
            measured = [(cell.seed, value) for cell in cells if (value := cell.metrics.get(metric)) is not None]
            if measured:
                values = [value for _, value in measured]
                spread = stdev(values) if len(values) > 1 else None
                figures[dataset, metric] = Figure(fmean(values), tuple(seed for seed, _ in measured), spread)
    first = records[0]
    return Row(first.method, first.variant, first.title, mark_of(first), figures, failed)


def _rank_key(table: Table, row: Row) -> tuple:
    mean = table.mean(row, "image_auroc")
    return (row.mark != HONEST, mean is None, -(mean or 0.0), row.variant)
