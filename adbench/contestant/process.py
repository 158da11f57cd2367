"""What a process becomes before a detector runs in it: a group of its own, silent on stdout, held to its sandbox."""

from __future__ import annotations

import contextlib
import ctypes
import faulthandler
import os
import signal
import socket
import sys
import tempfile
import traceback
from dataclasses import dataclass
from pathlib import Path

from adbench.contestant.landlock import Access, restrict
from adbench.contestant.sandbox import of_cell

DIE_WITH_PARENT = 1
ADOPT_ORPHANS = 36
LIKELY_VICTIM = "500"  # where memory runs out the kernel ends the contestant, not its referee
SPARED_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGCHLD)


@dataclass(frozen=True)
class Hello:
    """What a process that will hold contestants is told first.

    Attributes:
        modules: of the methods, imported before the first cell.
        access: what it may do; None = no sandbox.
        scratch: the folder of scratch folders.
    """

    modules: tuple[str, ...] = ()
    access: Access | None = None
    scratch: str = ""


def hold(access: Access | None) -> int:
    """Hold this process to its sandbox. Returns the version of Landlock; 0 where there is none, or none was asked for."""
    if sys.platform.startswith("linux"):
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    return restrict(access) if access else 0


def prepare(parent: int, scratch: Path, output: int, access: Access | None) -> None:
    """Make this new process fit for a detector.

    Args:
        parent: the process that started it, with which it ends.
        scratch: its folder; `work`, `home` and `tmp` in it are made.
        output: where stdout and stderr go.
        access: the sandbox of the run, narrowed here to this cell.
    """
    with contextlib.suppress(OSError):  # it leads a session already
        os.setsid()
    _control(DIE_WITH_PARENT, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)
    for spared in SPARED_SIGNALS:
        signal.signal(spared, signal.SIG_DFL)
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text(LIKELY_VICTIM, encoding="ascii")
    _redirect(output)
    for name in ("work", "home", "tmp"):
        (scratch / name).mkdir()
    os.chdir(scratch / "work")
    os.environ["HOME"], os.environ["TMPDIR"] = str(scratch / "home"), str(scratch / "tmp")
    tempfile.tempdir = None
    faulthandler.enable()
    hold(of_cell(access, scratch) if access else None)


def live(connection: socket.socket, scratch: Path) -> None:
    """Serve the one cell of this process, and leave it. Never returns."""
    from adbench.contestant.cell import leave, serve

    code = 0
    try:
        serve(connection, scratch / "work")
    except SystemExit as left:
        code = left.code if isinstance(left.code, int) else 1
    except BaseException:
        traceback.print_exc()
        code = 1
    leave(code)


def adopt_orphans() -> None:
    """Become the parent of what contestants leave behind, where the system can."""
    _control(ADOPT_ORPHANS, 1)


def _control(option: int, value: int) -> None:
    if sys.platform.startswith("linux"):
        ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


def _redirect(output: int) -> None:
    """What a method prints belongs to stderr: stdout is for results."""
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(output, 1)
    os.dup2(output, 2)
    os.close(nothing)
    if output > 2:
        os.close(output)
    sys.stdin = open(0, closefd=False, encoding="utf-8")  # noqa: SIM115 (as long as the process)
    sys.stdout, sys.stderr = (
        open(number, "w", buffering=1, closefd=False, encoding="utf-8", errors="backslashreplace")  # noqa: SIM115
        for number in (1, 2)
    )
