"""Files that nobody vouches for, opened in one place: regular files of a bearable size, and no links where they are not meant."""

from __future__ import annotations

import errno
import io
import os
import stat
from pathlib import Path

# Without the second, opening a named pipe waits for a writer; where a system lacks a flag, the checks below must do.
FLAGS = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
UNLINKED = getattr(os, "O_NOFOLLOW", 0)
# Whether a path can be walked folder by folder, so that none is swapped for a link between a check and its use.
WALKS = os.open in os.supports_dir_fd and os.stat in os.supports_dir_fd and hasattr(os, "O_DIRECTORY")


class Refused(OSError):
    """A file that is not read for what it is: a link, a device, too large. `strerror` says which, as of any `OSError`."""

    def __init__(self, reason: str, path: Path) -> None:
        super().__init__(errno.EINVAL, reason, str(path))


def open_regular(path: Path, most: int | None = None, own: int = 0) -> io.BufferedReader:
    """Open a regular file for reading, without waiting for anybody.

    Args:
        path: the file.
        most: bytes that no honest file of this kind exceeds; None = any number.
        own: how many of the last parts of the path must be no links, as they belong to a folder of somebody else. 0: the
            user named the file, and may have named a link.

    Raises:
        Refused: it is a link, a device, a pipe or a folder, or too large.
        OSError: it is missing or cannot be read.
    """
    handle = _walk(path, own) if own and WALKS else _open(path, own)
    try:
        facts = os.fstat(handle)
        _demand_regular(facts, path)
        if most is not None and facts.st_size > most:
            raise Refused(f"it has {facts.st_size} bytes, and no honest one more than {most}", path)
        return os.fdopen(handle, "rb")
    except BaseException:
        os.close(handle)
        raise


def read_regular(path: Path, most: int, own: int = 0) -> bytes:
    """All bytes of a file, as `open_regular` opens it."""
    with open_regular(path, most, own) as file:
        content = file.read(most + 1)  # it may have grown, or be of a kind that tells no size
    if len(content) > most:
        raise Refused(f"it has more than {most} bytes, and no honest one has", path)
    return content


def read_text(path: Path, most: int) -> str:
    """A text that the user named, in UTF-8.

    Raises:
        Refused: it is no regular file, too large, or no UTF-8.
        OSError: it is missing or cannot be read.
    """
    try:
        return read_regular(path, most).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Refused("it is not text in UTF-8", path) from None


def is_link(path: Path) -> bool:
    """Whether the path itself leads elsewhere: a symbolic link, or a junction of Windows."""
    return path.is_symlink() or (hasattr(os.path, "isjunction") and os.path.isjunction(path))


def _walk(path: Path, own: int) -> int:
    parts = path.parts[-own:]
    folder = os.open(path.parents[len(parts) - 1], os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        for part in parts[:-1]:
            _demand_unlinked(os.stat(part, dir_fd=folder, follow_symlinks=False), path)
            inner = os.open(part, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC | UNLINKED, dir_fd=folder)
            os.close(folder)
            folder = inner
        # Before it is opened: to open a device can do something.
        facts = os.stat(parts[-1], dir_fd=folder, follow_symlinks=False)
        _demand_unlinked(facts, path)
        _demand_regular(facts, path)
        return os.open(parts[-1], FLAGS | UNLINKED, dir_fd=folder)
    finally:
        os.close(folder)


def _open(path: Path, own: int) -> int:
    """Without descriptors of folders, each part is looked at by its path."""
    if any(map(is_link, (path, *path.parents)[:own])):
        raise Refused("a link leads there", path)
    _demand_regular(os.stat(path), path)
    return os.open(path, FLAGS)


def _demand_unlinked(facts: os.stat_result, path: Path) -> None:
    if stat.S_ISLNK(facts.st_mode):
        raise Refused("a link leads there", path)


def _demand_regular(facts: os.stat_result, path: Path) -> None:
    if not stat.S_ISREG(facts.st_mode):
        raise Refused("it is a folder" if stat.S_ISDIR(facts.st_mode) else "it is no regular file", path)
