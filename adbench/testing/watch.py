"""Watches what a detector does besides scoring: files, network, and reads outside the contract."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from adbench.contracts.images import ImageBatch, PixelSource

# What `ImageBatch` promises; a detector must read nothing else from a batch.
CONTRACT = {"ids", "pixels", "batches"}
OWNERS = ("adbench.contracts.images", __name__)
LOCAL = {None, "", "localhost", "127.0.0.1", "::1"}
WRITE_FLAGS = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
# Audit events (PEP 578) that change the file system, with the positions of their paths.
CHANGES = {
    "os.mkdir": (0,),
    "os.rename": (0, 1),
    "os.remove": (0,),
    "os.rmdir": (0,),
    "os.symlink": (1,),
    "os.link": (1,),
    "os.truncate": (0,),
}
READS = ("open", "os.listdir", "os.scandir")
NETWORK = {"socket.connect": 1, "socket.sendto": 1, "socket.getaddrinfo": 0, "socket.gethostbyname": 0}


class WatchedBatch(ImageBatch):
    """A batch that notes every attribute read from outside that is not part of the contract."""

    looks: list[str]

    def __init__(self, source: PixelSource, rows: Sequence[int], looks: list[str] | None = None) -> None:
        super().__init__(source, rows)
        self.looks = [] if looks is None else looks

    def __getattribute__(self, name: str) -> Any:
        foreign = sys._getframe(1).f_globals.get("__name__") not in OWNERS
        private = name == "__dict__" or not name.startswith("__")
        if foreign and private and name not in CONTRACT:
            object.__getattribute__(self, "looks").append(name)
        return object.__getattribute__(self, name)

    def _take(self, positions: list[int]) -> Self:
        return type(self)(self._source, [self._rows[position] for position in positions], self.looks)


def looks_at(batch: WatchedBatch) -> list[str]:
    """Names read from the batch that are not part of the contract."""
    return sorted(set(batch.looks))


@dataclass
class Recorder:
    """What happened while it was active.

    Attributes:
        folders: where files may be written.
        bait: a folder that no detector has a reason to read.
        written, taken, connected: paths and addresses that should not have been touched.
    """

    folders: tuple[Path, ...]
    bait: Path | None = None
    written: list[str] = field(default_factory=list)
    taken: list[str] = field(default_factory=list)
    connected: list[str] = field(default_factory=list)

    def note(self, event: str, arguments: tuple[Any, ...]) -> None:
        """Handle one audit event; raises `OSError` for network access."""
        if event in NETWORK:
            self._note_network(event, arguments[NETWORK[event]])
            return
        if event in READS and self.bait is not None and (path := _path(arguments[0])) and _below(path, (self.bait,)):
            self.taken.append(str(path))
        changed = [arguments[position] for position in CHANGES.get(event, ())]
        if event == "open" and _opens_to_write(arguments):
            changed.append(arguments[0])
        for path in map(_path, changed):
            if path is not None and not _below(path, (*self.folders, Path("/dev"))) and not _importing():
                self.written.append(str(path))

    def _note_network(self, event: str, address: Any) -> None:
        host = address[0] if isinstance(address, tuple) and address else address
        host = host.decode(errors="replace") if isinstance(host, bytes) else host
        # A Unix socket has no host.
        if host not in LOCAL and not (event == "socket.connect" and not isinstance(address, tuple)):
            self.connected.append(str(host))
            raise OSError(f"{host}: no network while adbench.testing checks a plugin")


_active: list[Recorder] = []
_installed: list[bool] = []


@contextmanager
def recording(recorder: Recorder) -> Iterator[Recorder]:
    """Record in this block, in every thread; the working and temporary folders are empty, and watched too."""
    if not _installed:
        # A hook cannot be removed; it does nothing while no recorder is active.
        sys.addaudithook(_hook)
        _installed.append(True)
    here, usual = Path.cwd(), tempfile.tempdir
    with tempfile.TemporaryDirectory(prefix="adbench-watch-") as made:
        folder = os.path.realpath(made)
        empty = [Path(folder, name) for name in ("work", "tmp")]
        for path in empty:
            path.mkdir()
        os.chdir(empty[0])
        tempfile.tempdir = str(empty[1])
        _active.append(recorder)
        try:
            yield recorder
        finally:
            _active.remove(recorder)
            tempfile.tempdir = usual
            os.chdir(here)
            # Files written by compiled code raise no event.
            recorder.written += [str(path) for place in empty for path in place.rglob("*")]
            recorder.written[:] = [str(path).replace(folder, "<working folder>") for path in dict.fromkeys(recorder.written)]


def _hook(event: str, arguments: tuple[Any, ...]) -> None:
    if _active and (event in CHANGES or event in READS or event in NETWORK):
        for recorder in _active:
            recorder.note(event, arguments)


def _opens_to_write(arguments: tuple[Any, ...]) -> bool:
    _, mode, flags = arguments
    if isinstance(mode, str):
        return any(letter in mode for letter in "wxa+")
    return bool(isinstance(flags, int) and flags & WRITE_FLAGS)


def _path(given: Any) -> Path | None:
    if isinstance(given, (str, bytes, os.PathLike)):
        return Path(os.path.realpath(os.fsdecode(given)))
    return None  # a file descriptor: opening it was a separate event


def _below(path: Path, folders: Sequence[Path]) -> bool:
    return any(path == folder or folder in path.parents for folder in folders)


def _importing() -> bool:
    """Whether an import is running, in which Python writes byte code and packages write their caches."""
    frame = sys._getframe(1)
    while frame is not None:
        if frame.f_code.co_filename.startswith("<frozen importlib"):
            return True
        frame = frame.f_back  # type: ignore[assignment]
    return False
