"""The executor contract: a card, and a function that runs jobs wherever it likes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol

Progress = Callable[[Iterable[Any], str], Iterator[Any]]
"""Passes an iterable through and shows how far it is: `for batch in progress(batches, "fit")`."""


@dataclass(frozen=True, kw_only=True)
class ExecutorCard:
    """What is known of a way to run the cells of a plan. A plugin makes one without heavy imports.

    Attributes:
        name: what the user types after `--executor`, unique.
        title: how it runs cells, in a few words.
        factory: `package.module:function`, imported only to run, called as `f(jobs, progress)` with an iterator of `Job` and
            something that shows progress; it yields `(job, outcome)` as cells end, in any order, each job once. Jobs are made
            as they are asked for, so ask in the thread that was called, and count one that was asked for as begun. What was
            yielded is kept at once, by adbench alone: an executor writes nothing into the run folder. A job that gets no
            outcome becomes a failed cell, as all that are left do where the executor raises.
    """

    name: str
    title: str
    factory: str


class Job(Protocol):
    """One cell to run: small, picklable, and callable in any process that has the same plugins and data.

    A dataset is not sent along but made anew, from its card and the data root.
    """

    @property
    def id(self) -> str:
        """Of the cell, unique in a run."""

    @property
    def label(self) -> str:
        """For people: `mvfa, few-shot k=4, phantom-brain, seed 0`."""

    def __call__(self, progress: Progress | None = None) -> Any:
        """Fit, predict and measure, and return the outcome, which is picklable too. What a method raises becomes a failed cell.

        Args:
            progress: shows how far a detector is, where that can be seen.
        """

    def failed(self, reason: str) -> Any:
        """The outcome of a cell that could not be run, for the reason in this sentence."""
