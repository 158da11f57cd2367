"""Which files a piece of code opens, as the interpreter reports it."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_opened: list[str] | None = None


def _hook(event: str, arguments: tuple) -> None:
    if _opened is not None and event == "open" and isinstance(arguments[0], str | bytes | os.PathLike):
        _opened.append(os.fsdecode(arguments[0]))


sys.addaudithook(_hook)  # there is no way to take it away again


@contextmanager
def opened_files() -> Iterator[list[str]]:
    """The paths that are opened within, as they are spelt."""
    global _opened
    _opened = []
    try:
        yield _opened
    finally:
        _opened = None


def tree(folder: Path) -> dict[str, tuple]:
    """Everything below a folder: what it is, and its content."""
    found = {}
    for path in sorted(folder.rglob("*")):
        facts = path.lstat()
        content = os.readlink(path) if path.is_symlink() else path.read_bytes() if path.is_file() else b""
        found[str(path.relative_to(folder))] = (facts.st_mode, facts.st_ino, content)
    return found
