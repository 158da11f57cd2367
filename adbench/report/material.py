"""What a report is made of: the cells of one or several runs with their scores, and the tables over them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from adbench.api import Run, merged
from adbench.contracts.metric import Metrics
from adbench.errors import UserError
from adbench.leaderboard.tables import HONEST, Row, Table, build_tables, mark_of, table_condition
from adbench.results.brought import known_metrics
from adbench.results.record import CellRecord, ScoreTable
from adbench.results.store import RunFolder

Place = tuple[str, str, int, str, str, str]  # preset, track, k, condition, variant, dataset


@dataclass(frozen=True)
class ReportCell:
    """One cell.

    Attributes:
        record: its record.
        folder: where its files lie.
        scores: its scores; None where it failed or they cannot be read.
        problem: why the scores of a finished cell are missing.
    """

    record: CellRecord
    folder: Path
    scores: ScoreTable | None
    problem: str = ""

    @property
    def mark(self) -> str:
        """As on the leaderboard; "" for an honest row."""
        return mark_of(self.record)

    @property
    def ranked(self) -> bool:
        """Both labels are there: a curve can be drawn."""
        return self.scores is not None and bool(self.scores.labels.any()) and not bool(self.scores.labels.all())


@dataclass(frozen=True)
class Material:
    """All cells, and the leaderboard over them."""

    names: tuple[str, ...]
    cells: tuple[ReportCell, ...]
    tables: tuple[Table, ...]

    @property
    def done(self) -> list[ReportCell]:
        """Finished cells."""
        return [cell for cell in self.cells if cell.record.status == "done"]

    @property
    def failed(self) -> list[ReportCell]:
        """Cells that failed."""
        return [cell for cell in self.cells if cell.record.status == "failed"]

    @property
    def datasets(self) -> list[str]:
        """All that some cell was to be measured on, sorted."""
        return sorted({cell.record.dataset for cell in self.cells})

    @cached_property
    def metrics(self) -> Metrics:
        """What is known of the metrics that some cell holds."""
        return known_metrics(cell.record for cell in self.cells)

    @cached_property
    def numbers(self) -> dict[str, int]:
        """A number for every method (with its changed parameters): its colour in all charts, ranked ones first."""
        rows = sorted((row for table in self.tables for row in table.rows), key=lambda row: row.mark != HONEST)
        return {variant: number for number, variant in enumerate(dict.fromkeys(row.variant for row in rows))}

    def of(self, table: Table, row: Row, dataset: str) -> list[ReportCell]:
        """The finished cells behind a figure, one a seed, sorted by seed; of one measured twice, the last."""
        found = self._places.get((table.preset, table.track, table.k, table.condition, row.variant, dataset), {})
        return [found[seed] for seed in sorted(found)]

    @cached_property
    def _places(self) -> dict[Place, dict[int, ReportCell]]:
        places: dict[Place, dict[int, ReportCell]] = {}
        for cell in sorted(self.done, key=lambda cell: cell.record.started):
            places.setdefault(_place(cell.record), {})[cell.record.seed] = cell
        return places


def gather(runs: Sequence[Run]) -> Material:
    """Read the scores of all finished cells, and rank them. A cell that several runs hold counts once, see `api.merged`."""
    cells = {cell: _read(folder, record) for cell, (folder, record) in merged(runs).items()}
    tables = build_tables([cell.record for cell in cells.values()], lambda record: cells[record.id].scores)
    return Material(tuple(run.folder.resolve().name for run in runs), tuple(cells.values()), tuple(tables))


def distinct(values: Iterable[str]) -> list[str]:
    """Without repetitions, in order."""
    return list(dict.fromkeys(values))


def _read(folder: Path, record: CellRecord) -> ReportCell:
    run = RunFolder(folder)
    place = run.cells / record.id
    if record.status != "done":
        return ReportCell(record, place, None)
    try:
        return ReportCell(record, place, run.scores(record.id))
    except UserError as error:
        return ReportCell(record, place, None, str(error))


def _place(record: CellRecord) -> Place:
    return record.preset, record.track, record.k, table_condition(record), record.variant, record.dataset
