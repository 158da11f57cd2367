"""A cell with all it needs to run anywhere."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from adbench.contracts.dataset import DatasetCard
from adbench.contracts.executor import Progress
from adbench.errors import UserError
from adbench.planning.cell import Cell
from adbench.registry.factories import load_factory
from adbench.results.record import cell_id
from adbench.running import environment
from adbench.running.records import failure, now
from adbench.running.runner import Outcome, run_cell
from adbench.running.session import Session


@dataclass(frozen=True)
class CellJob:
    """What an executor gets; see `adbench.contracts.executor.Job`.

    Attributes:
        cell: what runs.
        session: what it shares with others; without datasets once it is sent to another process.
        known: its identity.
        sources: cards of the datasets to rebuild in that process.
    """

    cell: Cell
    session: Session
    known: dict[str, Any]
    sources: dict[str, DatasetCard] = field(default_factory=dict)

    @property
    def id(self) -> str:
        """The cell's id."""
        return cell_id(self.known)

    @property
    def label(self) -> str:
        """The cell, for people."""
        return self.cell.label

    def __call__(self, progress: Progress | None = None) -> Outcome:
        """Run it here."""
        try:
            session = self._session()
        except Exception as error:
            return Outcome(failure(self.cell, self.session, self.known, error, now()))
        return run_cell(self.cell, session, self.known, progress or _quiet)

    def failed(self, reason: str) -> Outcome:
        """The outcome of a cell that could not run."""
        return Outcome(failure(self.cell, self.session, self.known, UserError(reason), now()))

    def __reduce__(self) -> tuple[Any, ...]:
        """For pickling: a dataset may hold what cannot be sent, its card does not."""
        sets = self.session.datasets
        needed = [sets[name] for name in (self.cell.dataset.name, *self.cell.auxiliary)] if sets else []
        sources = {dataset.card.name: dataset.card for dataset in needed} or self.sources
        return CellJob, (self.cell, replace(self.session, datasets={}), self.known, sources)

    def _session(self) -> Session:
        """The session; in a process that the job was sent to, with its datasets and that process's environment."""
        if not self.sources:
            return self.session
        root = self.session.data_root
        datasets = {name: load_factory(card.factory, f"The dataset {name}")(card, root) for name, card in self.sources.items()}
        return replace(self.session, datasets=datasets, environment=environment.describe(self.session.device))


def _quiet(iterable: Any, _: str) -> Iterator[Any]:
    return iter(iterable)
