"""The executor contract: a card, and a function that runs jobs anywhere."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol

Progress = Callable[[Iterable[Any], str], Iterator[Any]]
"""Passes an iterable through and shows progress: `for batch in progress(batches, "fit")`."""


@dataclass(frozen=True, kw_only=True)
class ExecutorCard:
    """What is known about a way to run the cells of a plan. Plugins build it without heavy imports.

    Attributes:
        name: what the user types after `--executor`, unique.
        title: how it runs cells, in a few words.
        factory: `package.module:function`, imported only when a run starts, called as `f(jobs, progress)` with an iterator of
            `Job` and a `Progress`; it yields `(job, outcome)` as cells end, in any order, each job once. Jobs are made on
            demand: take them in the thread that called `f`, and regard a job as started once taken. adbench saves each
            outcome as soon as it is yielded; an executor writes nothing into the run folder. A job without an outcome becomes
            a failed cell; if the executor raises, so do all remaining jobs.
    """

    name: str
    title: str
    factory: str


class Job(Protocol):
    """One cell to run: small, picklable, and callable in any process that has the same plugins and data.

    Datasets are not sent along but rebuilt from their cards and the data root.
    """

    @property
    def id(self) -> str:
        """The cell's id, unique in a run."""

    @property
    def label(self) -> str:
        """For people: `mvfa, few-shot k=4, phantom-brain, seed 0`."""

    def __call__(self, progress: Progress | None = None) -> Any:
        """Fit, predict and measure, and return the outcome, also picklable. An exception in a method becomes a failed cell.

        Args:
            progress: shows a detector's progress, where it can be seen.
        """

    def failed(self, reason: str) -> Any:
        """The outcome of a cell that could not run; `reason` is one sentence."""
