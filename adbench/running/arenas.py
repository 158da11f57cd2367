"""Where the contestant of a cell runs: in a process of its own, or in this one."""

from __future__ import annotations

import os
import shutil
import tempfile
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Protocol

from adbench.contestant.contestant import Contest, Contestant
from adbench.contestant.sandbox import of_run
from adbench.data.rowserver import RowServer
from adbench.data.server import Decoder
from adbench.files.cache import cache_root
from adbench.files.hub import hub_cache
from adbench.planning.cell import Cell
from adbench.running.births import Births
from adbench.running.grants import Grants
from adbench.running.referee import Referee
from adbench.running.services import Progress
from adbench.running.session import Session
from adbench.running.variables import environment
from adbench.running.watch import Watch


class Arena(Protocol):
    """Opens contests."""

    @property
    def sandbox(self) -> str:
        """What holds contestants, for the record."""

    def contest(self, cell: Cell, session: Session, grants: Grants, progress: Progress) -> AbstractContextManager[Contest]:
        """The contestant of a cell, for the length of a `with` block; `grants` learns why images could not be served."""


class Inline:
    """In this process, without isolation: for debuggers, and where a detector cannot be sent."""

    sandbox = "none"

    @contextmanager
    def contest(self, cell: Cell, session: Session, grants: Grants, progress: Progress) -> Iterator[Contest]:
        """See `Arena`."""
        brief = grants.brief(cell, session)
        with (
            TemporaryDirectory(prefix="adbench-") as scratch,
            Decoder(grants.granted, masks=True, memory=session.masks) as granted,
            Decoder(grants.tested, masks=False) as tested,
        ):
            grants.watch(granted.failures, tested.failures)
            sources = granted.source(), tested.source()
            with Contestant(brief, *sources, session.weights, Path(scratch), progress) as contestant:
                yield contestant


class Isolated:
    """In a process of its own, from which no test label can be reached.

    Args:
        births: starts the processes.
        stop: set when the run is being ended.
    """

    def __init__(self, births: Births, stop: threading.Event | None = None) -> None:
        self._births, self._stop = births, stop

    @property
    def sandbox(self) -> str:
        """See `Arena`."""
        return self._births.sandbox

    @contextmanager
    def contest(self, cell: Cell, session: Session, grants: Grants, progress: Progress) -> Iterator[Contest]:
        """See `Arena`."""
        watch = Watch(cell.label, session.conduct.limits, self._stop)
        with (
            RowServer(grants.granted, session.masks, must_keep=False) as granted,
            RowServer(grants.tested, must_keep=False) as tested,
        ):
            views = {"granted": granted, "tested": tested}
            referee = Referee(self._births, grants.brief(cell, session), views, session.weights, progress, watch)
            grants.watch(referee.failures)
            with referee:
                yield referee


@contextmanager
def alone(session: Session) -> Iterator[Arena]:
    """For a single cell: its processes come and go with it."""
    with open_births(session) as births:
        yield Isolated(births)


def open_births(session: Session) -> Births:
    """What starts the contestants of a session; to be closed."""
    scratch = Path(tempfile.mkdtemp(prefix="adbench-"))
    conduct = session.conduct
    try:
        (home,) = _made(cache_root() / "imports")
        access = None
        if conduct.sandbox != "off":
            weights = [*session.weights.given.values(), *_made(cache_root() / "weights", hub_cache())]
            access = of_run(weights, session.hidden, scratch, session.weights.offline, conduct.packages, [home])
        return Births(
            conduct.modules, access, scratch, environment(os.environ, session.hidden, home, bool(access)), conduct.sandbox
        )
    except BaseException:
        shutil.rmtree(scratch, ignore_errors=True)
        raise


def _made(*folders: Path) -> list[Path]:
    """Folders, made where they are missing: one that comes later would be out of a contestant's reach."""
    for folder in folders:
        with suppress(OSError):
            folder.mkdir(parents=True, exist_ok=True)
    return list(folders)
