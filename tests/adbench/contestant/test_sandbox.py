"""What a contestant may read and write, and that the kernel holds it to that."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from adbench.contestant import landlock
from adbench.contestant.landlock import Access, Kernel, held, restrict
from adbench.contestant.sandbox import of_cell, of_run, without

pytestmark = pytest.mark.skipif(not hasattr(os, "O_PATH"), reason="Linux only")


class Fake(Kernel):
    """Notes what it is asked for."""

    def __init__(self, version: int) -> None:
        self._version = version
        self.asked: list[tuple] = []

    def version(self) -> int:
        return self._version

    def create(self, files: int, network: int, scopes: int, version: int) -> int:
        self.asked.append(("create", files, network, scopes))
        return os.open(os.devnull, os.O_RDONLY)

    def add(self, rules: int, path: int, rights: int) -> None:
        self.asked.append(("add", os.readlink(f"/proc/self/fd/{path}"), rights))

    def restrict(self, rules: int) -> None:
        self.asked.append(("restrict",))


@pytest.mark.parametrize(
    ("version", "files", "network", "scopes"),
    [(1, 13, 0, 0), (2, 14, 0, 0), (3, 15, 0, 0), (4, 15, 3, 0), (5, 16, 3, 0), (6, 16, 3, 3), (9, 16, 3, 3)],
)
def test_each_version_is_asked_for_what_it_knows(tmp_path: Path, version: int, files: int, network: int, scopes: int) -> None:
    kernel = Fake(version)
    (tmp_path / "file").touch()
    access = Access((str(tmp_path / "file"), str(tmp_path / "absent")), ("/dev/null",), (str(tmp_path),), tcp=False)
    assert restrict(access, kernel) == version
    known = (1 << files) - 1
    assert kernel.asked == [
        ("create", known, network, scopes),
        ("add", str(tmp_path / "file"), landlock.EXECUTE | landlock.READ_FILE),
        ("add", "/dev/null", (landlock.READ_FILE | landlock.WRITE_FILE | landlock.DEVICE) & known),
        ("add", str(tmp_path), known),
        ("restrict",),
    ]


def test_without_landlock_nothing_is_done() -> None:
    kernel = Fake(0)
    assert restrict(Access(), kernel) == 0
    assert kernel.asked == []


def test_connections_are_left_where_they_are_needed() -> None:
    kernel = Fake(4)
    restrict(Access(tcp=True), kernel)
    assert kernel.asked[0][2] == 0


def test_data_beside_code_is_left_out(tmp_path: Path) -> None:
    for name in ("code/package", "code/deep/data/test", "code/deep/other", "mixed/package", "mixed/test"):
        (tmp_path / name).mkdir(parents=True)
    for name in ("code/module.py", "mixed/module.py", "mixed/package/__init__.py", "mixed/labels.csv"):
        (tmp_path / name).touch()

    def left(root: str, kept_out: str) -> list[str]:
        return sorted(str(Path(path).relative_to(tmp_path)) for path in without(str(tmp_path / root), [str(tmp_path / kept_out)]))

    assert left("code", "elsewhere") == ["code"]
    assert left("code", "code/deep/data") == ["code/deep/other", "code/module.py", "code/package"]
    assert left("mixed", "mixed") == ["mixed/module.py", "mixed/package"]
    assert left("code/package", "code") == ["code/package"]  # code within the folder of data: it was named


def test_a_cell_has_less_than_the_run(tmp_path: Path) -> None:
    whole = of_run([tmp_path / "w.pt"], [tmp_path], tmp_path / "scratch", offline=True, home=[tmp_path / "home"])
    assert str(tmp_path / "w.pt") in whole.read  # a file that the user gave, though it lies beside the data
    assert (whole.write, whole.tcp) == ((str(tmp_path / "scratch"), str(tmp_path / "home")), False)
    one = of_cell(whole, tmp_path / "scratch" / "1")
    assert one.write == (str(tmp_path / "scratch" / "1"),)
    assert "/proc" not in one.read
    assert {"/proc/self", str(tmp_path / "home")} <= set(one.read)
    assert str(tmp_path) not in one.read


PROGRAM = """
import os, socket, sys
from adbench.contestant.landlock import Access, restrict
allowed, refused, peer = sys.argv[1:]
inherited = open(refused + "/label")
restrict(Access((sys.prefix, "/usr", "/lib"), ("/dev/null",), (allowed,), tcp=False))
def tried(call):
    try:
        call()
        return "yes"
    except OSError as error:
        return type(error).__name__
print([tried(call) for call in (
    lambda: open(allowed + "/new", "w").close(),
    lambda: open(refused + "/label").close(),
    lambda: os.listdir(refused),
    lambda: open(refused + "/new", "w"),
    lambda: os.kill(int(peer), 0),
    lambda: open(f"/proc/{peer}/environ").close(),
    lambda: socket.create_connection(("127.0.0.1", 9)),
    lambda: inherited.read(),
)])
"""


def test_the_kernel_holds_a_process_to_it(tmp_path: Path) -> None:
    if not held():
        pytest.skip("this kernel has no Landlock")
    for name in ("allowed", "refused"):
        (tmp_path / name).mkdir()
    (tmp_path / "refused" / "label").touch()
    command = [sys.executable, "-c", PROGRAM, tmp_path / "allowed", tmp_path / "refused", str(os.getpid())]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    found = subprocess.run(command, capture_output=True, text=True, check=True, env=environment).stdout
    version = Kernel().version()
    no = "PermissionError"
    expected = ["yes", no, no, no, no if version >= 6 else "yes", no, no if version >= 4 else "ConnectionRefusedError", "yes"]
    assert found.strip() == str(expected)
