"""Output never costs results: full disks, closed streams, readers that leave, codecs that lack a sign."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from madeup import made_up_cell
from pages import REPOSITORY

from adbench.errors import ExitCode
from adbench.results.store import RunFolder

pytestmark = pytest.mark.slow  # a process for each

COMMAND = "import adbench.cli.main as cli; cli.main()"
# As `adbench`, with only the toy plugin.
TOY = (
    "import adbench.registry.loading as loading, toyplugin, adbench.cli.main as cli;"
    "loading.entry_points = lambda group: [toyplugin.entry_point()]; cli.main()"
)


def adbench(
    *arguments: str, code: str = COMMAND, environment: dict[str, str] | None = None, **streams
) -> subprocess.CompletedProcess:
    """The command in a process of its own."""
    paths = os.pathsep.join(map(str, (REPOSITORY, REPOSITORY / "plugins", REPOSITORY / "tests/support")))
    told = {**os.environ, "PYTHONPATH": paths, "PYTHONUNBUFFERED": "", **(environment or {})}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    return subprocess.run([sys.executable, "-c", code, *arguments], env=told, timeout=120, check=False, **{**pipes, **streams})


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """Cells of a set with a Japanese name, and one that is missing on the second set: a dash stands in the table."""
    folder = RunFolder.create(tmp_path / "run")
    made_up_cell(folder, "peak", "データ")
    made_up_cell(folder, "mean", "データ")
    made_up_cell(folder, "mean", "zweiter", shift=1.0)
    return folder.path


needs_full = pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full")


@pytest.mark.parametrize("codec", ["ascii", "latin-1", "cp932"])
@pytest.mark.parametrize("format", ["table", "md", "svg", "latex"])
def test_signs_that_a_codec_lacks_are_replaced(run: Path, codec: str, format: str) -> None:
    done = adbench("leaderboard", str(run), "--format", format, environment={"PYTHONIOENCODING": codec})
    assert (done.returncode, done.stderr) == (0, b"")
    text = done.stdout.decode(codec)
    assert "peak" in text
    assert ("データ" if codec == "cp932" else "???") in text
    if format == "md":
        assert "| - | peak |" in text


@needs_full
@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_full_disk_below_stdout_is_told_by_the_exit_code(run: Path, unbuffered: str) -> None:
    for arguments in (["leaderboard", str(run), "--format", "csv"], ["leaderboard", str(run)], ["--help"], ["methods"]):
        with open("/dev/full", "w") as full:
            done = adbench(*arguments, stdout=full, environment={"PYTHONUNBUFFERED": unbuffered})
        assert done.returncode == ExitCode.OUTPUT_LOST == 4
        assert done.stderr.decode() == (
            "adbench: error: The output could not be written: No space left on device. What the command did besides is done.\n"
        )


@needs_full
def test_a_failed_cell_counts_more_than_lost_output(run: Path) -> None:
    (next((run / "cells").glob("peak*")) / "cell.json").write_text("{")
    with open("/dev/full", "w") as full:
        assert adbench("leaderboard", str(run), stdout=full).returncode == ExitCode.CELL_FAILED
        assert adbench("leaderboard", "nowhere", stdout=full).returncode == ExitCode.USAGE


@needs_full
def test_a_full_disk_below_stderr_stops_no_cell(tmp_path: Path) -> None:
    out = tmp_path / "out"
    asked = ("run", "--methods", "peak,crash", "--datasets", "toys", "--device", "cpu", "--out", str(out))
    with open("/dev/full", "w") as full:
        done = adbench(*asked, code=TOY, stderr=full)
    cells = RunFolder.open(out).contents().records
    assert sorted({record.status for record in cells}) == ["done", "failed"]
    assert len(cells) == 6
    assert done.returncode == ExitCode.CELL_FAILED  # as the cells have it
    with open("/dev/full", "w") as full:
        done = adbench("run", "--methods", "peak", *asked[3:], code=TOY, stderr=full)
    assert done.returncode == 0
    assert b"peak" in done.stdout


def test_a_reader_that_has_gone_had_what_it_wanted(run: Path) -> None:
    for number in range(60):
        made_up_cell(RunFolder(run), f"method-{number}", "zweiter")
    command = f'"{sys.executable}" -c "{COMMAND}" leaderboard "{run}" | head -1'
    paths = os.pathsep.join(map(str, (REPOSITORY, REPOSITORY / "plugins")))
    told = {**os.environ, "PYTHONPATH": paths}
    done = subprocess.run(["bash", "-o", "pipefail", "-c", command], env=told, capture_output=True, timeout=120, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.startswith(b"Image AUROC")
    # With nobody there from the beginning.
    reading, writing = os.pipe()
    os.close(reading)
    done = adbench("leaderboard", str(run), stdout=writing)
    os.close(writing)
    assert (done.returncode, done.stderr) == (0, b"")


def _closed(run: Path, redirection: str) -> subprocess.CompletedProcess:
    command = f'"{sys.executable}" -c "{COMMAND}" leaderboard "{run}" {redirection}'
    paths = os.pathsep.join(map(str, (REPOSITORY, REPOSITORY / "plugins")))
    return subprocess.run(
        ["bash", "-c", command], env={**os.environ, "PYTHONPATH": paths}, capture_output=True, timeout=120, check=False
    )


def test_closed_streams_are_no_error_of_the_cells(run: Path) -> None:
    done = _closed(run, ">&-")
    assert done.returncode == ExitCode.OUTPUT_LOST
    assert (
        done.stderr == b"adbench: error: The output could not be written: it is closed. What the command did besides is done.\n"
    )
    done = _closed(run, "2>&-")
    assert done.returncode == 0
    assert done.stdout.startswith(b"Image AUROC")
    assert _closed(run, ">&- 2>&- <&-").returncode == ExitCode.OUTPUT_LOST


def test_no_file_gets_what_is_printed_when_a_stream_is_closed(run: Path, tmp_path: Path) -> None:
    """A file that is opened next would get the number of the closed stream, and what programs below Python print."""
    opened = tmp_path / "opened"
    code = (
        "import os, sys; from adbench.cli.streams import lasting_streams\n"
        "with lasting_streams():\n"
        f"    file = os.open({str(opened)!r}, os.O_CREAT | os.O_WRONLY)\n"
        "    print('lost'); sys.stdout.flush(); os.system('echo below')\n"
        "    os.write(file, b'kept')\n"
    )
    command = f"\"{sys.executable}\" -c '{code.replace(chr(39), chr(34))}' >&- 2>&-"
    subprocess.run(["bash", "-c", command], env={**os.environ, "PYTHONPATH": str(REPOSITORY)}, timeout=60, check=True)
    assert opened.read_text() == "kept"


def test_a_stream_that_takes_nothing_for_a_while_is_waited_for(run: Path) -> None:
    """As where another program made a terminal non-blocking."""
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    for number in range(80):
        made_up_cell(RunFolder(run), f"method-{number}", "zweiter")
    paths = os.pathsep.join(map(str, (REPOSITORY, REPOSITORY / "plugins")))
    process = subprocess.Popen(
        [sys.executable, "-c", COMMAND, "leaderboard", str(run), "--format", "svg"],
        env={**os.environ, "PYTHONPATH": paths},
        stdout=writing,
        stderr=subprocess.PIPE,
    )
    os.close(writing)
    time.sleep(1)
    with os.fdopen(reading, "rb") as stream:
        content = stream.read()
    assert process.wait(60) == 0
    assert content.rstrip().endswith(b"</svg>")
    assert len(content) > 1 << 16  # more than a pipe takes at once
