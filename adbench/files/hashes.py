"""One digest over the contents of many files; what a file held is remembered by its inode, size and times."""

from __future__ import annotations

import hashlib
import os
import sqlite3
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import TypeVar

from adbench.errors import UserError
from adbench.files.cache import cache_root
from adbench.files.untrusted import open_regular

Result = TypeVar("Result")
# Absolute path, device, inode, size, times of modification and of change in ns. A program may set the time of modification
# (unzip, rsync and cp do), nobody that of change.
Stamp = tuple[str, int, int, int, int, int]

DATABASE = "hashes.sqlite"
TABLE = "stamped"
COLUMNS = ("path", "device", "inode", "size", "mtime_ns", "ctime_ns")
HASH_THREADS = 8
LOCK_SECONDS = 10
ROWS_A_QUERY = 500
MOST = (1 << 63) - 1


def fingerprint_files(files: Iterable[tuple[str, Path]], extra: str = "") -> str:
    """Hex SHA-256 over (identity, content) of all files, in any order, and over `extra`.

    Args:
        files: identity, the same on every machine (`test/Ungood/00003_60`), and where the file lies here.
        extra: anything else that should change the fingerprint.

    Raises:
        UserError: a file is missing or cannot be read.
    """
    named = sorted(files, key=lambda pair: pair[0])
    contents = content_hashes([path for _, path in named])
    digest = hashlib.sha256(extra.encode())
    for identity, path in named:
        # Lengths first: no two lists of files may run together to the same bytes.
        name = identity.encode(errors="surrogateescape")
        digest.update(b"%d:%s:%s" % (len(name), name, contents[path].encode()))
    return digest.hexdigest()


def content_hashes(paths: Iterable[Path]) -> dict[Path, str]:
    """Hex SHA-256 of each file.

    A file that has the same path, inode, size and times as before is not read again: hashes are kept in a small database in
    the cache folder, which several processes may use at once. Where it is damaged it is made anew; where it cannot be
    written, hashing is only slower.

    Raises:
        UserError: a file is missing or cannot be read.
    """
    unique = list(dict.fromkeys(paths))
    with ThreadPoolExecutor(HASH_THREADS) as pool:
        stamps = dict(zip(unique, pool.map(_stamp, unique), strict=True))
        nothing: dict[Stamp, str] = {}
        known = _with_database(lambda database: _look_up(database, stamps.values()), default=nothing, readonly=True)
        missing = [path for path in unique if stamps[path] not in known]
        fresh = dict(zip(missing, pool.map(_hash, missing), strict=True))
    if fresh:
        rows = [(*stamps[path], content) for path, content in fresh.items()]
        _with_database(lambda database: _remember(database, rows), default=None)
    return {path: fresh.get(path) or known[stamps[path]] for path in unique}


def forget_hashes() -> None:
    """Read every file again the next time, whatever its stamp says."""
    _discard(cache_root() / DATABASE)


def _stamp(path: Path) -> Stamp:
    try:
        facts = path.stat()
    except OSError as error:
        raise _unreadable(path, error) from error
    # Bits of a device or inode beyond 63 do not fit the database.
    place = (facts.st_dev & MOST, facts.st_ino & MOST)
    return os.path.abspath(path), *place, facts.st_size, facts.st_mtime_ns, facts.st_ctime_ns


def _hash(path: Path) -> str:
    try:
        with open_regular(path) as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise _unreadable(path, error) from error


def _unreadable(path: Path, error: OSError) -> UserError:
    return UserError(f"{path} cannot be read ({error.strerror}): restore the file or its permissions, or remove it.")


def _look_up(database: sqlite3.Connection, stamps: Iterable[Stamp]) -> dict[Stamp, str]:
    wanted = set(stamps)
    names = sorted(stamp[0] for stamp in wanted)
    known: dict[Stamp, str] = {}
    for start in range(0, len(names), ROWS_A_QUERY):
        part = names[start : start + ROWS_A_QUERY]
        query = f"SELECT {', '.join(COLUMNS)}, sha256 FROM {TABLE} WHERE path IN ({','.join('?' * len(part))})"
        for *stamp, content in database.execute(query, part):
            if tuple(stamp) in wanted:
                known[tuple(stamp)] = content
    return known


def _remember(database: sqlite3.Connection, rows: list[tuple[str, int, int, int, int, int, str]]) -> None:
    with database:
        database.execute(
            f"CREATE TABLE IF NOT EXISTS {TABLE} (path TEXT PRIMARY KEY, {' INTEGER, '.join(COLUMNS[1:])} INTEGER, sha256 TEXT)"
        )
        database.executemany(f"INSERT OR REPLACE INTO {TABLE} VALUES ({', '.join('?' * (len(COLUMNS) + 1))})", rows)


def _with_database(use: Callable[[sqlite3.Connection], Result], default: Result, readonly: bool = False) -> Result:
    """Use the database; `default` where there is none that can be used. The hashes are a convenience, never needed."""
    file = cache_root() / DATABASE
    try:
        if not readonly:
            file.parent.mkdir(parents=True, exist_ok=True)
        location = f"{file.absolute().as_uri()}?mode={'ro' if readonly else 'rwc'}"
        with closing(sqlite3.connect(location, timeout=LOCK_SECONDS, uri=True)) as database:
            return use(database)
    except sqlite3.OperationalError:  # no file or table yet, read-only, locked, or a full disk
        return default
    except sqlite3.DatabaseError:
        _discard(file)
        return default
    except (OSError, UnicodeEncodeError):  # a path that is not text cannot be a key
        return default


def _discard(file: Path) -> None:
    try:
        file.unlink(missing_ok=True)
    except OSError:
        return
