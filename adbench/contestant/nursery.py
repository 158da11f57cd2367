"""The process in which contestants are born: it has imported what they need, and becomes one anew for each cell.

It never sees a dataset. When its referee goes, by whatever cause, it ends all contestants and removes their folders.

    python -P -m adbench.contestant.nursery FD        for a run
    python -P -m adbench.contestant.nursery FD alone  for one cell, where a process cannot be forked
"""

from __future__ import annotations

import contextlib
import importlib
import os
import select
import shutil
import signal
import socket
import sys
import time
import traceback
import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any

from adbench.contestant.process import Hello, adopt_orphans, hold, live, prepare
from adbench.contestant.wire import Closed, receive_order, send_answer

# What every cell needs, imported once: it would cost each of them a third of a second.
OWN_MODULES = ("adbench.contestant.cell", "safetensors.torch", "adbench.files.tensors")
TRIAL_SECONDS = 60
TRIAL_PAUSE = 0.01
JANITOR_TRIES = 500


class Nursery:
    """Forks a process for each cell, and reports how it ended.

    Args:
        control: the line to the referee: `("born", number, scratch)` with two files, the cell's line and its output, and
            `("end", number)` come in; `born` and `ended` messages go out.
    """

    def __init__(self, control: socket.socket, hello: Hello, janitor: Janitor) -> None:
        self._control, self._hello, self._janitor = control, hello, janitor
        self._alive: dict[int, int] = {}  # process to number

    def serve(self) -> None:
        """Until the referee hangs up."""
        woken, wake = self._pipe = os.pipe()
        os.set_blocking(wake, False)
        os.set_blocking(woken, False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
        waiting = select.poll()
        for file in (self._control.fileno(), woken):
            waiting.register(file, select.POLLIN)
        try:
            while True:
                ready = [file for file, _ in waiting.poll()]
                if woken in ready:
                    with contextlib.suppress(BlockingIOError):
                        os.read(woken, 4096)
                    self._bury()
                if self._control.fileno() in ready:
                    self._obey(*receive_order(self._control))
        except Closed:
            pass
        finally:
            for process in self._alive:
                _end(process)
            self._end_orphans()

    def _obey(self, order: tuple[Any, ...], files: list[int]) -> None:
        if order[0] == "born":
            self._bear(order[1], Path(order[2]), *files)
        else:
            for process, number in self._alive.items():
                if number == order[1]:
                    _end(process)

    def _bear(self, number: int, scratch: Path, line: int, output: int) -> None:
        parent = os.getpid()
        process = _fork()
        if not process:
            try:
                signal.set_wakeup_fd(-1)
                for file in (self._control.detach(), *self._pipe):
                    os.close(file)
                prepare(parent, scratch, output, self._hello.access)
                live(socket.socket(fileno=line), scratch)
            except BaseException:  # nothing of the nursery's own may run in its child
                traceback.print_exc()
            finally:
                os._exit(1)
        os.close(line)
        os.close(output)
        self._alive[process] = number
        send_answer(self._control, {"kind": "born", "number": number, "process": process})

    def _bury(self) -> None:
        for process in list(self._alive):
            # Looked at before it is waited for: until then its number, and that of its group, is nobody else's.
            if os.waitid(os.P_PID, process, os.WEXITED | os.WNOHANG | os.WNOWAIT):
                _end(process)
                status = os.waitpid(process, 0)[1]
                number = self._alive.pop(process)
                send_answer(self._control, {"kind": "ended", "number": number, "code": os.waitstatus_to_exitcode(status)})
        self._end_orphans()

    def _end_orphans(self) -> None:
        """End what a contestant started in a session of its own, and left."""
        try:
            children = Path(f"/proc/self/task/{os.getpid()}/children").read_text(encoding="ascii").split()
        except OSError:
            return
        for process in map(int, children):
            if process not in self._alive and process != self._janitor.process:
                with contextlib.suppress(OSError):
                    os.kill(process, signal.SIGKILL)
                    os.waitpid(process, 0)


class Janitor:
    """A process that removes the scratch folders once the referee has gone, however that came about.

    It is born before the sandbox, which keeps the nursery from removing a folder out of the one above.

    Args:
        folder: what it removes.
        control: the nursery's line, which it does not keep.
        presence: a pipe that ends with the referee.
    """

    def __init__(self, folder: str, control: socket.socket, presence: int) -> None:
        self.process = _fork()
        if not self.process:
            try:
                os.close(control.detach())
                os.chdir("/")
                os.read(presence, 1)
                for _ in range(JANITOR_TRIES):  # somebody may still be writing while he is ended
                    shutil.rmtree(folder, ignore_errors=True)
                    if not os.path.exists(folder):
                        break
                    time.sleep(TRIAL_PAUSE)
            finally:
                os._exit(0)
        os.close(presence)


def _fork() -> int:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Python warns of threads; whether they do harm was tried
        return os.fork()


def _end(process: int) -> None:
    """End a contestant and what it started."""
    for kill in (os.killpg, os.kill):
        with contextlib.suppress(OSError):
            kill(process, signal.SIGKILL)


def _can_fork() -> bool:
    """Whether a fork of this process can compute: one that used a GPU, or runs certain threads, hangs or dies."""
    torch: Any = importlib.import_module("torch")
    if torch.cuda.is_initialized():
        return False
    process = _fork()
    if not process:
        try:
            values = torch.ones(512, 512)
            os._exit(not bool((values @ values + values).sum() > 0))
        finally:
            os._exit(1)
    deadline = time.monotonic() + TRIAL_SECONDS
    while time.monotonic() < deadline:
        done, status = os.waitpid(process, os.WNOHANG)
        if done:
            return status == 0
        time.sleep(TRIAL_PAUSE)
    os.kill(process, signal.SIGKILL)
    os.waitpid(process, 0)
    return False


def _held(hello: Hello) -> int:
    try:
        return hold(hello.access)
    except OSError:  # a container may forbid it
        return 0


def main() -> None:
    """See above."""
    control = socket.socket(fileno=int(sys.argv[1]))
    control.set_inheritable(False)
    for ignored in (signal.SIGINT, signal.SIGHUP):
        signal.signal(ignored, signal.SIG_IGN)
    try:
        hello, files = receive_order(control)
        alone = len(sys.argv) > 2
        if alone:
            prepare(os.getppid(), Path(hello.scratch), files[0], hello.access)
        else:
            janitor = Janitor(hello.scratch, control, files[0])
            adopt_orphans()
            held = _held(hello)
            hello = hello if held else replace(hello, access=None)
        for module in (*OWN_MODULES, *hello.modules):
            with contextlib.suppress(Exception, SystemExit):  # the cell says what is wrong
                importlib.import_module(module)
        if alone:
            live(control, Path(hello.scratch))
        send_answer(control, {"kind": "ready", "landlock": held, "forks": _can_fork()})
    except Closed:
        return
    Nursery(control, hello, janitor).serve()


if __name__ == "__main__":
    main()
