"""Turn results into ranked rows. What was not measured stays missing; no mean is taken over unequal sets of cells."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from statistics import fmean
from typing import TYPE_CHECKING

from adbench.contracts.metric import Metrics
from adbench.contracts.protocol import EVALUATION_SIZE, Protocol
from adbench.leaderboard.averages import Figure, over_datasets, over_seeds
from adbench.leaderboard.standings import Column, Pair, Standing, paired_tests, stand
from adbench.leaderboard.versions import Versions, several_versions
from adbench.results.brought import known_metrics
from adbench.results.paired import Placed, place
from adbench.results.record import CellRecord, ScoreTable

if TYPE_CHECKING:
    from adbench.metrics.ranks import RankComparison

METRICS = ("image_auroc", "pixel_auroc")
TESTED = "image_auroc"  # the metric whose differences the kept scores can test
HONEST = ""

Scores = Callable[[CellRecord], ScoreTable | None]


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
        """Mean over these datasets; None if one of them is missing."""
        values = [self.figures.get((dataset, metric)) for dataset in datasets]
        return fmean(figure.value for figure in values if figure) if values and all(values) else None


@dataclass
class Table:
    """One preset and track: methods that learn from the same images, and so can be ranked.

    Attributes:
        rows: best mean image AUROC first; rows with a missing figure and marked rows last.
        datasets: all that a row of this table was measured on.
        unlabelled: those without pixel labels, which pixel figures leave out.
        copies: those of which cells saw different copies.
        versions: packages that decide a row's scores and had several versions.
        rank_marked: marked rows are ranked with the others.
        metrics: what is known about the metrics, including those of absent plugins.
        p_values: of the image AUROC, see `adbench.leaderboard.standings.paired_tests`; empty without scores.
    """

    preset: str
    track: str
    k: int
    condition: str
    synthetic: bool
    rows: list[Row] = field(default_factory=list)
    datasets: list[str] = field(default_factory=list)
    unlabelled: list[str] = field(default_factory=list)
    copies: list[str] = field(default_factory=list)
    versions: list[Versions] = field(default_factory=list)
    rank_marked: bool = False
    metrics: Metrics = field(default_factory=known_metrics)
    p_values: dict[Column, dict[Pair, float]] = field(default_factory=dict)

    @property
    def title(self) -> str:
        """`few-shot, k = 4 (preset demo)`."""
        inside = ", ".join(filter(None, (f"preset {self.preset}", self.condition)))
        return f"{self.track}{f', k = {self.k}' if self.k else ''} ({inside})"

    def datasets_with(self, metric: str) -> list[str]:
        """The datasets on which this metric can be measured, though no row may have it: a mean over fewer would be over unequal
        sets. None where no row has it anywhere.
        """
        if metric == METRICS[0]:
            return self.datasets
        if not any(name == metric for row in self.rows for _, name in row.figures):
            return []
        left_out = self.unlabelled if self.metrics[metric].kind == "pixel" else ()
        return [name for name in self.datasets if name not in left_out]

    def mean(self, row: Row, metric: str) -> float | None:
        """The row's mean over all datasets of the table that have this metric; None if one is missing."""
        return row.mean(metric, self.datasets_with(metric))

    def missing(self, row: Row, metric: str) -> list[str]:
        """The datasets that keep the row from having a mean."""
        return [name for name in self.datasets_with(metric) if (name, metric) not in row.figures]

    def figure(self, row: Row, metric: str, column: Column) -> Figure | None:
        """The row's figure on a dataset, or its mean over all of them (column None); None if there is none."""
        if column is not None:
            return row.figures.get((column, metric))
        if self.mean(row, metric) is None:
            return None
        return over_datasets([row.figures[name, metric] for name in self.datasets_with(metric)])

    def ranks(self, row: Row) -> bool:
        """Whether the row is ranked: marked rows only on request, random weights never."""
        return row.mark == HONEST or (self.rank_marked and "random-weights" not in row.mark)

    def standings(self, metric: str, column: Column) -> dict[str, Standing]:
        """Variant to standing, of the ranked rows that have a figure in this column."""
        sign = self.sign(metric)
        figures = {row.variant: self.figure(row, metric, column) for row in self.rows if self.ranks(row)}
        values = {variant: sign * figure.value for variant, figure in figures.items() if figure}
        return stand(values, self.p_values.get(column, {}) if metric == TESTED else {})

    def all_standings(self, metric: str) -> dict[Column, dict[str, Standing]]:
        """`standings` of every dataset that has this metric, in order, and last of the mean (None)."""
        columns: list[Column] = [*self.datasets_with(metric), None]
        return {column: self.standings(metric, column) for column in columns}

    def mean_ranks(self, metric: str) -> tuple[list[Row], RankComparison] | None:
        """Compare, over datasets, the ranked rows that have a figure on each; None for fewer than two rows or datasets."""
        from adbench.metrics.ranks import compare_ranks

        datasets = self.datasets_with(metric)
        rows = [row for row in self.ordered(metric) if self.ranks(row) and self.mean(row, metric) is not None]
        if len(rows) < 2 or len(datasets) < 2:
            return None
        sign = self.sign(metric)
        return rows, compare_ranks([[sign * row.figures[name, metric].value for row in rows] for name in datasets])

    def sign(self, metric: str) -> int:
        """The factor, 1 or -1, by which a figure is better when higher."""
        return 1 if self.metrics[metric].higher_is_better else -1

    def ordered(self, metric: str) -> list[Row]:
        """The rows that have this metric, best mean first; those without a mean, and marked ones, last."""
        shown = [row for row in self.rows if metric == METRICS[0] or any(name == metric for _, name in row.figures)]
        return sorted(shown, key=lambda row: _rank_key(self, row, metric))


def build_tables(records: Iterable[CellRecord], scores: Scores | None = None, rank_marked: bool = False) -> list[Table]:
    """Group records by preset, track, k and protocol; average over seeds; rank.

    Args:
        records: of one or several runs.
        scores: gives the kept scores of a finished cell, for the paired tests and for intervals missing from records.
        rank_marked: rank rows marked `test-oracle` or `transductive` with the honest ones.
    """
    tables: dict[tuple[str, str, int, str], dict[tuple[str, str], list[CellRecord]]] = {}
    records = list(records)
    counting = newest(records)
    superseded = _superseded(records, counting)
    metrics = known_metrics(counting)
    for record in counting:
        rows = tables.setdefault((record.preset, record.track, record.k, table_condition(record)), {})
        rows.setdefault((record.method, record.variant), []).append(record)
    built = []
    for (preset, track, k, condition), rows in sorted(tables.items()):
        flat = [record for group in rows.values() for record in group]
        table = Table(
            preset, track, k, condition, all(record.synthetic for record in flat), metrics=metrics, rank_marked=rank_marked
        )
        table.datasets = sorted({record.dataset for record in flat})
        table.unlabelled = _unlabelled(flat)
        contents = {(record.dataset, record.identity.get("fingerprint")) for record in flat if record.status == "done"}
        table.copies = sorted(name for name, count in Counter(name for name, _ in contents).items() if count > 1)
        placed: dict[str, dict[str, Placed]] = {}
        for group in rows.values():
            kept = {r.id: found for r in group if scores and r.status == "done" and (found := scores(r)) is not None}
            row = _row(group, kept)
            table.rows.append(row)
            finished = [record for record in group if record.status == "done"]
            table.versions += several_versions(finished, superseded.get(_row_of(group[0]), ())) if finished else []
            if table.ranks(row):
                placed[row.variant] = _placed(group, kept)
        table.p_values = paired_tests(placed, table.datasets)
        table.versions.sort(key=lambda found: (found.variant, found.package))
        table.rows.sort(key=lambda row: _rank_key(table, row, METRICS[0]))
        built.append(table)
    return built


def table_condition(record: CellRecord) -> str:
    """What differs from the default protocol, e.g. `limit=8, precision=bf16`; such figures get their own table."""
    usual = {**Protocol().identity(), "precision": "fp32", "evaluation_size": EVALUATION_SIZE}
    found = {**record.identity.get("protocol", {}), "precision": record.identity.get("precision", "fp32")}
    if found.get("support_list"):  # one word for all sets of a table, each of which has its own images
        found["support_list"] = "given"
    return ", ".join(f"{name}={value}" for name, value in sorted(found.items()) if usual.get(name) != value)


def _unlabelled(records: Iterable[CellRecord]) -> list[str]:
    """Datasets of which some record tells that they have no pixel labels, and none that they have."""
    told: dict[str, set[bool]] = {}
    for record in records:
        if (has_masks := _has_masks(record)) is not None:
            told.setdefault(record.dataset, set()).add(has_masks)
    return sorted(name for name, answers in told.items() if answers == {False})


def _has_masks(record: CellRecord) -> bool | None:
    """Whether its dataset has pixel labels. An older record tells by what it measured, and a failed one not at all."""
    measured = "abnormal_pixels" in record.counts or any(name.startswith("pixel_") for name in record.metrics)
    if measured or record.has_masks is not None or record.status == "failed":
        return measured or record.has_masks
    return False


def newest(records: Iterable[CellRecord]) -> list[CellRecord]:
    """One record per cell: if it was measured again, say after its weights or data changed, the last finished one."""
    kept: dict[tuple, CellRecord] = {}
    for record in sorted(records, key=lambda record: (record.status == "done", record.started)):
        place = (record.variant, record.dataset, record.preset, record.track, record.k, record.seed, table_condition(record))
        kept[place] = record
    return list(kept.values())


def _superseded(records: list[CellRecord], counting: list[CellRecord]) -> dict[tuple, list[CellRecord]]:
    """The finished cells that newer ones replaced, by row."""
    count = {id(record) for record in counting}
    older: dict[tuple, list[CellRecord]] = {}
    for record in records:
        if record.status == "done" and id(record) not in count:
            older.setdefault(_row_of(record), []).append(record)
    return older


def _row_of(record: CellRecord) -> tuple:
    return record.preset, record.track, record.k, table_condition(record), record.method, record.variant


def mark_of(*records: CellRecord) -> str:
    """What keeps a row of these cells out of the ranks, or "" for an honest row.

    `test-oracle`, `transductive` (by its card, or as seen in one of the cells), and `random-weights` under zero-shot.
    """
    marks = {
        "test-oracle": any(record.selection == "test-oracle" for record in records),
        "transductive": any(record.transductive or record.contradiction for record in records),
        "random-weights": any(record.random_weights and record.track == "zero-shot" for record in records),
    }
    return " ".join(mark for mark, applies in marks.items() if applies)


def _placed(records: list[CellRecord], kept: dict[str, ScoreTable]) -> dict[str, Placed]:
    placed = {}
    for dataset in {record.dataset for record in records}:
        cells = [record for record in records if record.dataset == dataset and record.metrics.get(TESTED) is not None]
        copies = {record.identity.get("fingerprint", "") for record in cells}
        whole = len(copies) == 1 and all(cell.id in kept for cell in cells)
        if whole and (found := place([kept[cell.id] for cell in cells], *copies)):
            placed[dataset] = found
    return placed


def _row(records: list[CellRecord], kept: dict[str, ScoreTable]) -> Row:
    figures: dict[tuple[str, str], Figure] = {}
    failed: dict[str, int] = {}
    for dataset in {record.dataset for record in records}:
        cells = sorted((r for r in records if r.dataset == dataset), key=lambda r: r.seed)
        failures = sum(cell.status == "failed" for cell in cells)
        if failures:
            failed[dataset] = failures
        for metric in dict.fromkeys(name for cell in cells for name in cell.metrics):
            measured = [cell for cell in cells if cell.metrics.get(metric) is not None]
            if measured:
                figures[dataset, metric] = over_seeds(metric, measured, kept)
    first = records[0]
    return Row(first.method, first.variant, first.title, mark_of(*records), figures, failed)


def _rank_key(table: Table, row: Row, metric: str) -> tuple:
    mean = table.mean(row, metric)
    return (not table.ranks(row), mean is None, -table.sign(metric) * (mean or 0.0), row.variant)
