"""Whether a contestant still deserves waiting for: limits of time and memory, and signs of life."""

from __future__ import annotations

import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from adbench.running.failures import ContestantDied

LOOK_SECONDS = 0.2
SILENT_SECONDS = 600.0


class Stopped(BaseException):
    """The run is being ended: nobody waits for this cell any more."""


@dataclass(frozen=True)
class Limits:
    """What one cell may take; None = anything.

    Attributes:
        seconds: from its start to its last figure.
        memory: bytes of its process and of those that it started, together.
    """

    seconds: float | None = None
    memory: int | None = None


class Watch:
    """Asked while a referee waits for its contestant.

    Args:
        label: the cell, for people.
        stop: set when the run is being ended.

    Attributes:
        process: the number of the contestant's process, once known.
    """

    def __init__(self, label: str, limits: Limits, stop: threading.Event | None = None) -> None:
        self._label, self._limits, self._stop = label, limits, stop
        self._started = self._heard = time.monotonic()
        self._looked = 0.0
        self.process: int | None = None

    def heard(self) -> None:
        """A sign of life."""
        self._heard = time.monotonic()

    def __call__(self) -> None:
        """Raise `Stopped`, or `ContestantDied` where the contestant takes too much; say on stderr that one is silent."""
        if self._stop and self._stop.is_set():
            raise Stopped
        now = time.monotonic()
        if now - self._looked < LOOK_SECONDS:
            return
        self._looked = now
        seconds, memory = self._limits.seconds, self._limits.memory
        if seconds is not None and now - self._started > seconds:
            raise ContestantDied(f"The cell took longer than {seconds:g} seconds (--cell-timeout), and was ended.")
        if memory is not None and self.process and (held := memory_of(self.process)) > memory:
            raise ContestantDied(
                f"The method's process held {held / 2**30:.1f} GB of memory, more than --memory-limit allows, and was ended."
            )
        if now - self._heard > SILENT_SECONDS:
            minutes = SILENT_SECONDS / 60
            print(f"adbench: {self._label}: no sign of life for {minutes:g} minutes; it goes on.", file=sys.stderr)
            self._heard = now


def memory_of(process: int) -> int:
    """Bytes that a process and its descendants hold in memory and that are not files; 0 where the system does not tell."""
    return sum(map(_held, [process, *descendants(process)]))


def descendants(process: int) -> list[int]:
    """The processes that it started, and those that they did."""
    found: list[int] = []
    try:
        threads = list(Path(f"/proc/{process}/task").iterdir())
        for thread in threads:
            for child in map(int, (thread / "children").read_text(encoding="ascii").split()):
                found += [child, *descendants(child)]
    except (OSError, ValueError):
        pass
    return found


def _held(process: int) -> int:
    try:
        status = Path(f"/proc/{process}/status").read_text(encoding="ascii", errors="replace")
        return sum(int(status.partition(f"{name}:")[2].split()[0]) for name in ("RssAnon", "RssShmem")) * 1024
    except (OSError, ValueError, IndexError):
        return 0
