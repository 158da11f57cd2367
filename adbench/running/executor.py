"""Run the cells of a plan with an executor, and save each as soon as it ends."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator
from contextlib import closing, nullcontext
from dataclasses import replace
from typing import Any, NamedTuple

from adbench.contracts.executor import ExecutorCard, Job, Progress
from adbench.data.opening import Opened
from adbench.errors import UserError
from adbench.planning.cell import Cell
from adbench.planning.plan import Plan
from adbench.registry.core import core_executors
from adbench.registry.factories import load_factory
from adbench.results.record import CellRecord, cell_id
from adbench.results.store import RunFolder
from adbench.running.identity import identity, partial_identity
from adbench.running.images import open_plan, used_images
from adbench.running.job import CellJob
from adbench.running.records import explain, failure, now
from adbench.running.runner import Outcome
from adbench.running.session import Session


class Reporter:
    """Receives the events of a run; this one ignores them, but for warnings."""

    def cell_started(self, cell: Cell, position: int, total: int) -> None:
        """A cell is about to run; positions count from 1."""

    def progress(self, iterable: Iterable[Any], description: str) -> Iterator[Any]:
        """A detector iterates over `iterable`."""
        return iter(iterable)

    def cell_ended(self, record: CellRecord, kept: bool) -> None:
        """A cell is done or failed; `kept`: it was measured by an earlier run."""

    def warned(self, sentence: str) -> None:
        """Something about the data that a reader of the figures should know."""
        warnings.warn(sentence, stacklevel=2)


def local(jobs: Iterable[Job], progress: Progress) -> Iterator[tuple[Job, Any]]:
    """The executor of the core: one cell after the other, in this process."""
    for job in jobs:
        yield job, job(progress)


def execute(
    plan: Plan, session: Session, folder: RunFolder, reporter: Reporter, executor: ExecutorCard | None = None
) -> list[CellRecord]:
    """Run what is missing, save each cell as soon as it ends, and return the records of all planned cells.

    Args:
        plan: its cells run in any order that the executor chooses.
        session: what the cells share.
        folder: nothing else writes into it.
        reporter: receives the events.
        executor: None = `local`.

    Raises:
        UserError: the folder cannot be written, or the executor cannot be loaded.
    """
    return _Driver(plan.cells, session, folder, reporter).run(executor or core_executors()["local"])


class _Waiting(NamedTuple):
    """A cell that was handed to the executor; `earlier`: its record of an earlier run, without all that is to be kept."""

    position: int
    job: CellJob
    earlier: CellRecord | None


class _Driver:
    """Hands out jobs, takes outcomes."""

    def __init__(self, cells: list[Cell], session: Session, folder: RunFolder, reporter: Reporter) -> None:
        self._cells, self._session, self._folder, self._reporter = cells, session, folder, reporter
        self._waiting: dict[str, _Waiting] = {}
        self._ended: dict[int, CellRecord] = {}
        self._broken: Exception | None = None
        self._opened: Opened | None = None

    def run(self, card: ExecutorCard) -> list[CellRecord]:
        """The records in the order of the plan."""
        function = load_factory(card.factory, f"The executor {card.name}")
        jobs = self._jobs()
        reason = self._drive(function, jobs)
        if self._broken:
            raise self._broken
        for _ in jobs:
            pass  # jobs that the executor did not take get no outcome either
        for waiting in list(self._waiting.values()):
            why = (
                f"The executor {card.name} failed: {reason}."
                if reason
                else f"The executor {card.name} gave no outcome for this cell."
            )
            self._take(waiting.job, waiting.job.failed(why))
        return [self._ended[position] for position in sorted(self._ended)]

    def _drive(self, function: Any, jobs: Iterator[CellJob]) -> str:
        """Take what the executor yields; return what went wrong with it, or ""."""
        try:
            ended = iter(function(jobs, self._reporter.progress))
        except (Exception, SystemExit) as error:
            return _explained(error)
        with closing(ended) if hasattr(ended, "close") else nullcontext():
            while True:
                try:
                    job, outcome = next(ended)
                    waits = job.id in self._waiting
                    right = waits and isinstance(outcome, Outcome) and outcome.record.id == job.id
                except StopIteration:
                    return ""
                except (Exception, SystemExit) as error:
                    return _explained(error)
                if not right:
                    return f"it yielded {'no outcome for ' + job.label if waits else 'a job that was not waiting for an outcome'}"
                self._take(job, outcome)

    def _jobs(self) -> Iterator[CellJob]:
        """Jobs of the cells that must run; the others end here."""
        try:
            for position, cell in enumerate(self._cells, start=1):
                self._reporter.cell_started(cell, position, len(self._cells))
                if job := self._job(position, cell):
                    yield job
        except Exception as error:
            self._broken = error  # not the executor's fault, though it passes through it
            raise

    def _job(self, position: int, cell: Cell) -> CellJob | None:
        session, started = self._session, now()
        try:
            known = identity(cell, session)
        except Exception as error:
            # Weights or data are not available: this cell fails, cells that do not need them still run.
            record = failure(cell, session, partial_identity(cell, session), error, started)
            self._folder.write(record)
            self._end(position, record, kept=False)
            return None
        # An earlier failure for want of weights or data is stored under the id that it had without them.
        self._folder.forget(cell_id(partial_identity(cell, session)))
        try:
            earlier = self._folder.done(cell_id(known))
        except UserError as error:  # its record is broken, and stays as it is
            self._end(position, failure(cell, session, known, error, started, is_kept=False), kept=False)
            return None
        if earlier is not None and set(session.keep) <= set(earlier.kept):
            self._end(position, earlier, kept=True)
            return None
        if earlier is not None:  # something to keep is missing from it; what it has must not get lost
            session = replace(session, keep=(*session.keep, *earlier.kept))
        if fault := self._fault(position, cell):
            record = failure(cell, session, known, UserError(fault), started)
            if earlier is None:
                self._folder.write(record)
            self._end(position, record, kept=False)
            return None
        job = CellJob(cell, session, known)
        self._waiting[job.id] = _Waiting(position, job, earlier)
        return job

    def _fault(self, position: int, cell: Cell) -> str:
        """What is wrong with an image that the cell uses, or "". The first cell that is to run has those of all later ones opened."""
        datasets = self._session.datasets
        if self._opened is None:
            self._opened = open_plan(self._cells[position - 1 :], datasets, self._reporter.progress)
            for sentence in self._opened.warnings:
                self._reporter.warned(sentence)
        return self._opened.of(used_images(cell, datasets)) if self._opened.faults else ""

    def _take(self, job: Job, outcome: Outcome) -> None:
        position, _, earlier = self._waiting.pop(job.id)
        if earlier is None or outcome.record.status == "done":
            self._folder.write(outcome.record, outcome.scores, outcome.state, outcome.maps)
        self._end(position, outcome.record, kept=False)

    def _end(self, position: int, record: CellRecord, kept: bool) -> None:
        self._ended[position] = record
        self._reporter.cell_ended(record, kept)


def _explained(error: BaseException) -> str:
    return explain(error).rstrip(".") if isinstance(error, Exception) else f"{type(error).__name__}: {error}"
