"""What was found out about a file, remembered until the file changes."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import TypeVar

from adbench.files.cache import cache_root

Result = TypeVar("Result")
# Absolute path, device, inode, size, times of modification and of change in ns. A program may set the time of modification
# (unzip, rsync and cp do), nobody that of change.
Stamp = tuple[str, int, int, int, int, int]

DATABASE = "facts.sqlite"
TABLE = "stamped"
COLUMNS = ("path", "device", "inode", "size", "mtime_ns", "ctime_ns")
THREADS = 8
LOCK_SECONDS = 10
ROWS_A_QUERY = 500
MOST = (1 << 63) - 1


def facts_of(kind: str, paths: Iterable[Path], measure: Callable[[Path], str | None]) -> dict[Path, str]:
    """A fact of each file, as text.

    A file that has the same path, inode, size and times as before is not measured again: facts are kept in a small database
    in the cache folder, which several processes may use at once. Where it is damaged it is made anew; where it cannot be
    written, measuring is only slower.

    Args:
        kind: what is measured; with a version, where the way to measure may change.
        paths: the files, each measured once, from several threads.
        measure: from a file to its fact; None, which is not remembered, where it has none. What it raises is raised here. It
            is asked for missing files, too.
    """
    unique = list(dict.fromkeys(paths))
    with ThreadPoolExecutor(THREADS) as pool:
        stamps = {path: stamp for path, stamp in zip(unique, pool.map(_stamp, unique), strict=True) if stamp}
        nothing: dict[Stamp, str] = {}
        known = _with_database(lambda database: _look_up(database, kind, stamps.values()), default=nothing, readonly=True)
        missing = [path for path in unique if stamps.get(path) not in known]
        measured = dict(zip(missing, pool.map(measure, missing), strict=True))
    fresh = {path: fact for path, fact in measured.items() if fact is not None}
    rows = [(kind, *stamps[path], fact) for path, fact in fresh.items() if path in stamps]
    if rows:
        _with_database(lambda database: _remember(database, rows), default=None)
    found = {path: known[stamp] for path, stamp in stamps.items() if stamp in known}
    return {path: (found | fresh)[path] for path in unique if path in found or path in fresh}


def forget_facts() -> None:
    """Look at every file again the next time, whatever its stamp says."""
    _discard(cache_root() / DATABASE)


def _stamp(path: Path) -> Stamp | None:
    try:
        facts = path.stat()
    except OSError:
        return None
    # Bits of a device or inode beyond 63 do not fit the database.
    place = (facts.st_dev & MOST, facts.st_ino & MOST)
    return os.path.abspath(path), *place, facts.st_size, facts.st_mtime_ns, facts.st_ctime_ns


def _look_up(database: sqlite3.Connection, kind: str, stamps: Iterable[Stamp]) -> dict[Stamp, str]:
    wanted = set(stamps)
    names = sorted(stamp[0] for stamp in wanted)
    known: dict[Stamp, str] = {}
    for start in range(0, len(names), ROWS_A_QUERY):
        part = names[start : start + ROWS_A_QUERY]
        places = ",".join("?" * len(part))
        query = f"SELECT {', '.join(COLUMNS)}, fact FROM {TABLE} WHERE kind = ? AND path IN ({places})"
        for *stamp, fact in database.execute(query, [kind, *part]):
            if tuple(stamp) in wanted:
                known[tuple(stamp)] = fact
    return known


def _remember(database: sqlite3.Connection, rows: list[tuple[str, str, int, int, int, int, int, str]]) -> None:
    numbers = ", ".join(f"{column} INTEGER" for column in COLUMNS[1:])
    with database:
        database.execute(
            f"CREATE TABLE IF NOT EXISTS {TABLE} (kind TEXT, path TEXT, {numbers}, fact TEXT, PRIMARY KEY (kind, path))"
        )
        database.executemany(f"INSERT OR REPLACE INTO {TABLE} VALUES ({', '.join('?' * (len(COLUMNS) + 2))})", rows)


def _with_database(use: Callable[[sqlite3.Connection], Result], default: Result, readonly: bool = False) -> Result:
    """Use the database; `default` where there is none that can be used. The facts are a convenience, never needed."""
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
