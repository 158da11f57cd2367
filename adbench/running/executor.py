"""Run the cells of a plan one after the other in this process."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from adbench.errors import UserError
from adbench.planning.cell import Cell
from adbench.planning.plan import Plan
from adbench.results.record import CellRecord, cell_id
from adbench.results.store import RunFolder
from adbench.running.identity import identity, partial_identity
from adbench.running.records import failure, now
from adbench.running.runner import run_cell
from adbench.running.session import Session


class Reporter:
    """Hears how a run goes; this one keeps quiet."""

    def cell_started(self, cell: Cell, position: int, total: int) -> None:
        """A cell is about to run; positions count from 1."""

    def progress(self, iterable: Iterable[Any], description: str) -> Iterator[Any]:
        """A detector goes through `iterable`."""
        return iter(iterable)

    def cell_ended(self, record: CellRecord, kept: bool) -> None:
        """A cell is done or failed; `kept`: it was measured by an earlier run."""


def execute(plan: Plan, session: Session, folder: RunFolder, reporter: Reporter) -> list[CellRecord]:
    """Run what is missing, keep each cell as soon as it ends, and return the records of all planned cells."""
    records = []
    for position, cell in enumerate(plan.cells, start=1):
        reporter.cell_started(cell, position, len(plan.cells))
        record, kept = _one(cell, session, folder, reporter)
        reporter.cell_ended(record, kept)
        records.append(record)
    return records


def _one(cell: Cell, session: Session, folder: RunFolder, reporter: Reporter) -> tuple[CellRecord, bool]:
    started = now()
    try:
        known = identity(cell, session)
    except Exception as error:
        # Weights or data that cannot be had: this cell fails, those that need neither go on.
        record = failure(cell, session, partial_identity(cell, session), error, started)
        folder.write(record)
        return record, False
    # It could not begin before, and was kept under the id that it had without its weights and data.
    folder.forget(cell_id(partial_identity(cell, session)))
    try:
        earlier = folder.done(cell_id(known))
    except UserError as error:
        return failure(cell, session, known, error, started), False
    if earlier is not None and set(session.keep) <= set(earlier.kept):
        return earlier, True
    if earlier is not None:  # it lacks what is to be kept now; what it has must not get lost
        session = replace(session, keep=(*session.keep, *earlier.kept))
    outcome = run_cell(cell, session, known, reporter.progress)
    if earlier is None or outcome.record.status == "done":
        folder.write(outcome.record, outcome.scores, outcome.state, outcome.maps)
    return outcome.record, False
