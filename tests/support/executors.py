"""A test plugin with executors: two work, each of the others fails in one way."""

from __future__ import annotations

import pickle
from collections.abc import Iterable, Iterator
from typing import Any

import adbench


def backwards(jobs: Iterable[adbench.Job], track: Any) -> Iterator[tuple[adbench.Job, Any]]:
    """The last job first, each pickled and unpickled, as if run elsewhere."""
    for job in reversed(list(jobs)):
        yield job, pickle.loads(pickle.dumps(pickle.loads(pickle.dumps(job))()))


def copies(jobs: Iterable[adbench.Job], track: Any) -> list[tuple[adbench.Job, Any]]:
    """A list, of copies of the jobs."""
    return [(pickle.loads(pickle.dumps(job)), job()) for job in jobs]


def raises(jobs: Iterable[adbench.Job], track: Any) -> Iterator[tuple[adbench.Job, Any]]:
    """Runs one and fails."""
    job = next(iter(jobs))
    yield job, job()
    raise RuntimeError("no machine is free.")


def exits(jobs: Iterable[adbench.Job], track: Any) -> Iterator[tuple[adbench.Job, Any]]:
    """Exits immediately."""
    raise SystemExit(3)


def forgets(jobs: Iterable[adbench.Job], track: Any) -> Iterator[tuple[adbench.Job, Any]]:
    """Skips the first."""
    first, *_ = jobs
    yield first, first()


def repeats(jobs: Iterable[adbench.Job], track: Any) -> Iterator[tuple[adbench.Job, Any]]:
    """Yields the first twice."""
    job = next(iter(jobs))
    outcome = job()
    yield job, outcome
    yield job, outcome


def rubbish(jobs: Iterable[adbench.Job], track: Any) -> Iterator[Any]:
    """One outcome, and one thing that is not an outcome."""
    for number, job in enumerate(jobs):
        yield job, job() if number == 0 else "done"


def numbers(jobs: Iterable[adbench.Job], track: Any) -> Iterator[Any]:
    """No pairs."""
    for number, job in enumerate(jobs):
        yield (job, job()) if number == 0 else number


GOOD = ("backwards", "copies")
FAULTY = {
    "raises": "The executor raises failed: RuntimeError: no machine is free.",
    "exits": "The executor exits failed: SystemExit: 3.",
    "forgets": "The executor forgets gave no outcome for this cell.",
    "repeats": "The executor repeats failed: it yielded a job that was not waiting for an outcome.",
    "rubbish": "The executor rubbish failed: it yielded no outcome for peak, few-normal k=4, toy-b, seed 0.",
    "numbers": "The executor numbers failed: TypeError: cannot unpack non-iterable int object.",
}


@adbench.hookimpl
def adbench_executors() -> list[adbench.ExecutorCard]:
    """All of them."""
    return [adbench.ExecutorCard(name=name, title=name, factory=f"executors:{name}") for name in (*GOOD, *FAULTY, "absent")]
