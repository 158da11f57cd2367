"""The referee's end of the nursery: starts a contestant's process for each cell, and learns how it ended."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Self

from adbench.contestant.landlock import Access, Kernel
from adbench.contestant.process import Hello
from adbench.contestant.wire import Closed, Garbled, receive_answer, send_order
from adbench.errors import UserError
from adbench.running.output import Output

FORK_IS_SAFE = sys.platform.startswith("linux")
GRACE_SECONDS = 5.0
IMPORT_SECONDS = 300.0
MODULE = "adbench.contestant.nursery"


class Entrant:
    """A contestant's process, as its referee has it.

    Attributes:
        line: the socket to it, which does not block.
        scratch: its folder.
        process: its number; None before it is born.
        code: how it ended, as of `subprocess`; None while it lives, or where nobody knows.
    """

    def __init__(self, number: int, line: socket.socket, scratch: Path, output: Output) -> None:
        self.number, self.line, self.scratch, self.output = number, line, scratch, output
        self.process: int | None = None
        self.code: int | None = None
        self.ended = threading.Event()

    def has_ended(self, code: int | None) -> None:
        """Take note."""
        self.code = code
        self.ended.set()


class Births:
    """Starts contestants, from one nursery where the system can fork, else each by itself. For several threads.

    Args:
        modules: what the nursery imports beforehand.
        access: the sandbox; None = none.
        scratch: the folder of scratch folders; removed at the end.
        variables: the environment, see `adbench.running.variables`.
        sandbox: `required` = raise where it cannot be had.
    """

    def __init__(
        self, modules: Iterable[str], access: Access | None, scratch: Path, variables: Mapping[str, str], sandbox: str
    ) -> None:
        self.scratch = scratch
        self._hello = Hello(tuple(modules), access, str(scratch))
        self._environment = variables
        self._must_hold = sandbox == "required"
        self._lock = threading.RLock()
        self._entrants: dict[int, Entrant] = {}
        self._number = 0
        self._nursery: subprocess.Popen | None = None
        self._control: socket.socket | None = None
        self._forks, self._held = FORK_IS_SAFE, 0
        self._ready = threading.Event()
        self._presence = os.pipe()  # ends with this process: a janitor waits for that

    def __enter__(self) -> Self:
        if FORK_IS_SAFE:
            self._open()
        return self

    def __exit__(self, *exc: object) -> None:
        with self._lock:
            for entrant in list(self._entrants.values()):
                self._end(entrant)
            if self._control:
                with contextlib.suppress(OSError):
                    self._control.shutdown(socket.SHUT_RDWR)
            if self._nursery:
                try:
                    self._nursery.wait(GRACE_SECONDS if self._ready.is_set() else 0)  # one that still imports does not listen
                except subprocess.TimeoutExpired:
                    self._nursery.kill()
                    self._nursery.wait()
        shutil.rmtree(self.scratch, ignore_errors=True)
        for descriptor in self._presence:
            os.close(descriptor)

    @property
    def sandbox(self) -> str:
        """What holds contestants, for the record. Raises `UserError` where something must and nothing does."""
        if FORK_IS_SAFE:
            self._await_ready()
        if self._must_hold and not self._held:
            raise UserError("--sandbox required: this system has no Landlock (Linux 5.13 or newer): use --sandbox auto or off.")
        return f"landlock {self._held}" if self._held else "none"

    def start(self) -> Entrant:
        """A new process, which waits for its brief. Raises `UserError` where none can be started."""
        _ = self.sandbox
        ours, theirs = socket.socketpair()
        reading, writing = os.pipe()
        with self._lock:
            self._number += 1
            folder = Path(tempfile.mkdtemp(dir=self.scratch))
            entrant = Entrant(self._number, ours, folder, Output(reading))
            self._entrants[entrant.number] = entrant
            try:
                if self._forks and self._control:
                    send_order(self._control, ("born", entrant.number, str(folder)), (theirs.fileno(), writing))
                else:
                    self._start_alone(entrant, theirs, writing)
            except (Closed, OSError) as error:
                del self._entrants[entrant.number]
                ours.close()
                raise UserError(f"No process can be started for the cell ({error or 'the nursery ended'}).") from error
            finally:
                theirs.close()
                os.close(writing)
        ours.setblocking(False)
        return entrant

    def leave(self, entrant: Entrant) -> None:
        """The cell is over: end its process and what that started, and remove its folder."""
        entrant.line.close()
        if not entrant.ended.wait(GRACE_SECONDS / 5):
            self.end(entrant)
        with self._lock:
            self._entrants.pop(entrant.number, None)
        shutil.rmtree(entrant.scratch, ignore_errors=True)

    def end(self, entrant: Entrant) -> None:
        """End a process at once."""
        with self._lock:
            self._end(entrant)
        entrant.ended.wait(GRACE_SECONDS)

    def _end(self, entrant: Entrant) -> None:
        if entrant.ended.is_set():
            return
        if self._forks and self._control:
            with contextlib.suppress(Closed):
                send_order(self._control, ("end", entrant.number))
        elif entrant.process:
            with contextlib.suppress(OSError):
                os.killpg(entrant.process, signal.SIGKILL)

    def _await_ready(self) -> None:
        with self._lock:
            if self._forks and self._nursery and self._nursery.poll() is not None:  # a detector may have ended it
                self._open()
        if not self._ready.wait(IMPORT_SECONDS) and self._nursery:
            self._nursery.kill()  # a module hangs when it is imported: that is to cost its own cells only
            self._ready.wait()

    def _open(self) -> None:
        ours, theirs = socket.socketpair()
        self._ready.clear()
        self._nursery = self._process(theirs.fileno(), 2, str(self.scratch))
        theirs.close()
        self._control = ours
        send_order(ours, self._hello, self._presence[:1])
        threading.Thread(target=self._hear, args=(ours,), name="adbench-nursery", daemon=True).start()

    def _hear(self, control: socket.socket) -> None:
        """What the nursery reports, until it ends."""
        try:
            while True:
                body, _ = receive_answer(control)
                entrant = self._entrants.get(body.get("number", 0))
                if body["kind"] == "ready":
                    self._held, self._forks = int(body["landlock"]), bool(body["forks"])
                    self._ready.set()
                elif entrant and body["kind"] == "born":
                    entrant.process = int(body["process"])
                elif entrant and body["kind"] == "ended":
                    entrant.has_ended(int(body["code"]))
        except (Closed, Garbled, KeyError, TypeError, ValueError):
            for entrant in list(self._entrants.values()):
                if self._forks:
                    entrant.has_ended(None)
            if not self._ready.is_set():  # it died of what it imported
                self._forks = False
                self._held = Kernel().version() if self._hello.access else 0
            self._ready.set()
        finally:
            control.close()

    def _start_alone(self, entrant: Entrant, line: socket.socket, output: int) -> None:
        process = self._process(line.fileno(), output, str(entrant.scratch), "alone")
        entrant.process = process.pid
        send_order(entrant.line, Hello((), self._hello.access, str(entrant.scratch)), (output,))

        def bury() -> None:
            code = process.wait()
            with contextlib.suppress(OSError):
                os.killpg(process.pid, signal.SIGKILL)  # what it started
            entrant.has_ended(code)

        threading.Thread(target=bury, name="adbench-alone", daemon=True).start()

    def _process(self, line: int, output: int, folder: str, *arguments: str) -> subprocess.Popen:
        command = [sys.executable, "-P", "-m", MODULE, str(line), *arguments]
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            cwd=folder,
            env=self._environment,
            pass_fds=(line,),
            start_new_session=True,
        )
