from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from adbench.errors import UserError
from adbench.files import hashes as fingerprint
from adbench.files import stamps
from adbench.files.hashes import content_hashes, fingerprint_files


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ADBENCH_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def files(tmp_path: Path) -> list[tuple[str, Path]]:
    for name in "abc":
        (tmp_path / name).write_text(f"content of {name}")
    return [(f"test/{name}", tmp_path / name) for name in "abc"]


@pytest.fixture
def hashed(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The files that were really read."""
    read: list[Path] = []
    original = fingerprint._hash
    monkeypatch.setattr(fingerprint, "_hash", lambda path: read.append(path) or original(path))
    return read


def test_same_set_same_fingerprint(files: list[tuple[str, Path]], tmp_path: Path) -> None:
    first = fingerprint_files(files)
    assert len(first) == 64
    assert fingerprint_files(reversed(files)) == first
    (tmp_path / "elsewhere").mkdir()
    moved = [(identity, path.rename(tmp_path / "elsewhere" / path.name)) for identity, path in files]
    assert fingerprint_files(moved) == first


def test_any_change_shows(files: list[tuple[str, Path]]) -> None:
    seen = {fingerprint_files(files), fingerprint_files(files, extra="x"), fingerprint_files(files[:2]), fingerprint_files([])}
    seen.add(fingerprint_files([("test/z", files[0][1]), *files[1:]]))
    seen.add(fingerprint_files([("test/a", files[1][1]), ("test/b", files[0][1]), files[2]]))
    files[0][1].write_text("another content")
    seen.add(fingerprint_files(files))
    assert len(seen) == 7


def test_unchanged_files_are_not_read_again(files: list[tuple[str, Path]], hashed: list[Path]) -> None:
    first = fingerprint_files(files)
    assert len(hashed) == 3
    assert fingerprint_files(files) == first
    assert len(hashed) == 3
    os.utime(files[1][1], ns=(1, 1))
    assert fingerprint_files(files) == first
    assert hashed[3:] == [files[1][1]]


@pytest.mark.parametrize("replaced", [False, True])
def test_other_bytes_of_the_same_size_and_time_are_seen(files: list[tuple[str, Path]], replaced: bool, tmp_path: Path) -> None:
    """What unzip, rsync -t and cp -p make of a file that was changed at its source."""
    file = files[0][1]
    first, facts = fingerprint_files(files), file.stat()
    other = b"CONTENT of a"
    if replaced:
        (tmp_path / "new").write_bytes(other)
        os.utime(tmp_path / "new", ns=(facts.st_atime_ns, facts.st_mtime_ns))
        os.replace(tmp_path / "new", file)
    else:
        file.write_bytes(other)
        os.utime(file, ns=(facts.st_atime_ns, facts.st_mtime_ns))
    assert (file.stat().st_size, file.stat().st_mtime_ns) == (facts.st_size, facts.st_mtime_ns)
    assert fingerprint_files(files) != first


def test_forgotten_hashes_are_taken_again(files: list[tuple[str, Path]], hashed: list[Path]) -> None:
    first = fingerprint_files(files)
    stamps.forget_facts()
    assert fingerprint_files(files) == first
    assert len(hashed) == 6


def test_a_file_named_twice_is_read_once(files: list[tuple[str, Path]], hashed: list[Path]) -> None:
    content_hashes([files[0][1], files[0][1]])
    assert len(hashed) == 1


@pytest.mark.parametrize(
    "damage", [b"", b"not a database at all, but long enough to look at", b"SQLite format 3\0" + bytes(4000)]
)
def test_a_damaged_cache_is_made_anew(files: list, hashed: list, cache: Path, damage: bytes) -> None:
    first = fingerprint_files(files)
    (cache / stamps.DATABASE).write_bytes(damage)
    assert fingerprint_files(files) == first
    assert len(hashed) == 6
    assert fingerprint_files(files) == first
    assert len(hashed) == 6


def test_a_cache_that_cannot_be_made_is_only_slower(files: list, hashed: list, cache: Path) -> None:
    cache.write_text("a file where the folder should be")
    assert fingerprint_files(files) == fingerprint_files(files)
    assert len(hashed) == 6


def test_a_cache_that_cannot_be_written_still_serves(
    files: list, hashed: list, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fingerprint_files(files[:2])
    original = sqlite3.connect

    def readonly(location: str, **options: object) -> sqlite3.Connection:
        return original(location.replace("mode=rwc", "mode=ro"), **options)

    monkeypatch.setattr(sqlite3, "connect", readonly)
    expected = fingerprint_files(files)
    assert len(hashed) == 3
    assert fingerprint_files(files) == expected
    assert len(hashed) == 4


def test_a_locked_cache_is_only_slower(files: list, hashed: list, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stamps, "LOCK_SECONDS", 0.1)
    first = fingerprint_files(files)
    blocker = sqlite3.connect(cache / stamps.DATABASE, isolation_level=None)
    blocker.execute("BEGIN EXCLUSIVE")
    assert fingerprint_files(files) == first
    blocker.close()
    assert len(hashed) == 6


def test_missing_and_unreadable_files_name_themselves(files: list, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="none cannot be read"):
        fingerprint_files([*files, ("x", tmp_path / "none")])
    with pytest.raises(UserError, match="cannot be read"):
        fingerprint_files([("x", tmp_path)])


@pytest.mark.slow
def test_two_processes_at_once(files: list[tuple[str, Path]], tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from adbench.files.hashes import fingerprint_files;"
        "files = [(p, Path(p)) for p in sys.argv[1:]]; print(len({fingerprint_files(files) for _ in range(20)}))"
    )
    command = [sys.executable, "-c", code, *(str(path) for _, path in files)]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    assert [process.communicate(timeout=60)[0].strip() for process in running] == ["1"] * 3
    database = sqlite3.connect(tmp_path / "cache" / stamps.DATABASE)
    assert database.execute("SELECT count(*) FROM stamped").fetchone() == (3,)
