"""What leaderboards and reports show: the cells of one or several runs with their scores, and the tables over them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Protocol

from adbench.contracts.metric import Metrics
from adbench.errors import UserError
from adbench.leaderboard.tables import HONEST, Row, Table, build_tables, mark_of, table_condition
from adbench.results.answered import without_answered
from adbench.results.brought import known_metrics
from adbench.results.record import CellRecord, ScoreTable
from adbench.results.store import RunFolder

Place = tuple[str, str, int, str, str, str]  # preset, track, k, condition, variant, dataset


class RecordedRun(Protocol):
    """A run folder and the records in it."""

    @property
    def folder(self) -> Path:
        """Where it is kept."""

    @property
    def records(self) -> Sequence[CellRecord]:
        """One per cell, finished or failed."""

    @property
    def unreadable(self) -> Sequence[str]:
        """A sentence for each cell whose record is broken."""


@dataclass(frozen=True)
class BoardCell:
    """One cell.

    Attributes:
        record: its record.
        folder: where its files are.
        scores: its scores; None if it failed or they cannot be read.
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
        """Both labels are present: a curve can be drawn."""
        return self.scores is not None and bool(self.scores.labels.any()) and not bool(self.scores.labels.all())


@dataclass(frozen=True)
class Material:
    """All cells, and the leaderboard over them. `unreadable`: a sentence for each cell missing because its record is broken."""

    names: tuple[str, ...]
    cells: tuple[BoardCell, ...]
    tables: tuple[Table, ...]
    unreadable: tuple[str, ...] = ()

    @property
    def done(self) -> list[BoardCell]:
        """Finished cells."""
        return [cell for cell in self.cells if cell.record.status == "done"]

    @property
    def failed(self) -> list[BoardCell]:
        """Cells that failed."""
        return [cell for cell in self.cells if cell.record.status == "failed"]

    @property
    def datasets(self) -> list[str]:
        """The datasets of all cells, sorted."""
        return sorted({cell.record.dataset for cell in self.cells})

    @cached_property
    def metrics(self) -> Metrics:
        """What is known about the metrics of all cells."""
        return known_metrics(cell.record for cell in self.cells)

    @cached_property
    def numbers(self) -> dict[str, int]:
        """A number for every method (with its changed parameters): its colour in all charts, ranked ones first."""
        rows = sorted((row for table in self.tables for row in table.rows), key=lambda row: row.mark != HONEST)
        return {variant: number for number, variant in enumerate(dict.fromkeys(row.variant for row in rows))}

    def of(self, table: Table, row: Row, dataset: str) -> list[BoardCell]:
        """The finished cells behind a figure, one per seed, sorted by seed; if one was measured twice, the last."""
        found = self._places.get((table.preset, table.track, table.k, table.condition, row.variant, dataset), {})
        return [found[seed] for seed in sorted(found)]

    @cached_property
    def _places(self) -> dict[Place, dict[int, BoardCell]]:
        places: dict[Place, dict[int, BoardCell]] = {}
        for cell in sorted(self.done, key=lambda cell: cell.record.started):
            places.setdefault(_place(cell.record), {})[cell.record.seed] = cell
        return places


def gather(runs: Sequence[RecordedRun], rank_marked: bool = False) -> Material:
    """Read the scores of all finished cells, and rank them. If several runs hold a cell, the last finished one counts.

    Args:
        runs: opened run folders.
        rank_marked: rank rows marked `test-oracle` or `transductive` with the honest ones.
    """
    cells = {cell: _read(folder, record) for cell, (folder, record) in _merged(runs).items()}
    tables = build_tables([cell.record for cell in cells.values()], lambda record: cells[record.id].scores, rank_marked)
    unreadable = tuple(_from_run(sentence, run.folder) for run in runs for sentence in run.unreadable)
    return Material(tuple(run.folder.resolve().name for run in runs), tuple(cells.values()), tuple(tables), unreadable)


def distinct(values: Iterable[str]) -> list[str]:
    """Without repetitions, in order."""
    return list(dict.fromkeys(values))


def _merged(runs: Iterable[RecordedRun]) -> dict[str, tuple[Path, CellRecord]]:
    """Id to run folder and record of each cell.

    A failure in one run is left out if another run finished the cell later, as within a run.
    """
    homes: dict[str, tuple[Path, CellRecord]] = {}
    for run in runs:
        for record in run.records:
            if record.status == "done" or record.id not in homes:
                homes[record.id] = (run.folder, record)
    return {record.id: homes[record.id] for record in without_answered(record for _, record in homes.values())}


def _read(folder: Path, record: CellRecord) -> BoardCell:
    run = RunFolder(folder)
    place = run.cells / record.id
    if record.status != "done":
        return BoardCell(record, place, None)
    try:
        return BoardCell(record, place, run.scores(record.id))
    except UserError as error:
        return BoardCell(record, place, None, _from_run(str(error), folder))


def _from_run(sentence: str, folder: Path) -> str:
    """The sentence with files named from the run folder: a page that leaves the machine tells nothing of where it lay."""
    return sentence.replace(f"{folder}/", f"{folder.resolve().name}/")


def _place(record: CellRecord) -> Place:
    return record.preset, record.track, record.k, table_condition(record), record.variant, record.dataset
