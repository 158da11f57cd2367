"""The executors of the core: `local`, contestants on this machine, and `inline`, everything in this process."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from itertools import chain
from queue import SimpleQueue
from typing import Any

from adbench.contracts.executor import Progress
from adbench.running.arenas import Inline, Isolated, open_births
from adbench.running.births import Births
from adbench.running.job import CellJob
from adbench.running.runner import Outcome
from adbench.running.watch import Stopped

Ended = tuple[CellJob, Outcome]


def inline(jobs: Iterable[CellJob], progress: Progress) -> Iterator[Ended]:
    """One cell after the other in this process: a detector that crashes takes the run with it."""
    for job in jobs:
        yield job, job(progress, Inline())


def local(jobs: Iterable[CellJob], progress: Progress) -> Iterator[Ended]:
    """Each cell's detector in a process of its own on this machine, as many at a time as the session has slots."""
    waiting = iter(jobs)
    first = next(waiting, None)
    if first is None:
        return
    slots = first.session.conduct.slots
    with open_births(first.session) as births:
        if len(slots) > 1:
            yield from _SideBySide(births, slots, progress).run(chain([first], waiting))
            return
        for job in chain([first], waiting):
            yield job, job(progress, Isolated(births))


class _SideBySide:
    """Cells in threads, each of which referees one contestant at a time."""

    def __init__(self, births: Births, slots: Iterable[str], progress: Progress) -> None:
        self._births, self._free, self._progress = births, list(slots), progress
        self._stop = threading.Event()
        self._ended: SimpleQueue[tuple[CellJob, Outcome | BaseException, str]] = SimpleQueue()

    def run(self, jobs: Iterator[CellJob]) -> Iterator[Ended]:
        """Outcomes as they come. Where the caller stops, or Ctrl-C, what runs is ended."""
        threads: dict[str, threading.Thread] = {}
        try:
            while True:
                while self._free and (job := next(jobs, None)):
                    slot = self._free.pop(0)
                    threads[job.id] = threading.Thread(target=self._work, args=(job, slot), name=f"adbench-{job.id}")
                    threads[job.id].start()
                if not threads:
                    return
                job, outcome, slot = self._ended.get()
                threads.pop(job.id).join()
                self._free.append(slot)
                if isinstance(outcome, BaseException):
                    raise outcome
                yield job, outcome
        finally:
            self._stop.set()
            for thread in threads.values():
                thread.join()

    def _work(self, job: CellJob, slot: str) -> None:
        def shown(iterable: Iterable[Any], description: str) -> Iterator[Any]:
            return self._progress(iterable, f"{job.label}: {description}")

        try:
            self._ended.put((job, job.on(slot)(shown, Isolated(self._births, self._stop)), slot))
        except Stopped:
            return
        except BaseException as error:
            self._ended.put((job, error, slot))
