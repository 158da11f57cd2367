"""The run folder: whole cells or none, after a crash at any instant."""

from __future__ import annotations

import dataclasses
import errno
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import toyplugin
from toyrun import toy_run

from adbench import UserError
from adbench.api import open_run
from adbench.render.rows import to_json
from adbench.results.store import MARKER, RunFolder


def test_a_cell_reads_back_as_it_was(tmp_path: Path) -> None:
    run = toy_run(tmp_path / "run", datasets="toy-a")
    assert open_run(tmp_path / "run").records == run.records


def test_missing_figures_are_null(tmp_path: Path) -> None:
    run = toy_run(tmp_path / "run", datasets="toy-a")
    record = dataclasses.replace(run.records[0], id="x", metrics={"image_auroc": float("nan")})
    RunFolder(tmp_path / "run").write(record)
    assert json.loads((tmp_path / "run/cells/x/cell.json").read_text())["metrics"] == {"image_auroc": None}


def test_a_folder_with_something_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("precious")
    with pytest.raises(UserError, match="is no run folder"):
        RunFolder.create(tmp_path)
    with pytest.raises(UserError, match="is not a run folder"):
        RunFolder.open(tmp_path)


def test_a_newer_schema_is_refused(tmp_path: Path) -> None:
    run = toy_run(tmp_path / "run", datasets="toy-a")
    file = tmp_path / "run/cells" / run.records[0].id / "cell.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), "schema": 99}))
    with pytest.raises(UserError, match="schema 99.*update adbench"):
        open_run(tmp_path / "run")
    (tmp_path / "run" / MARKER).write_text('{"schema": 99}')
    with pytest.raises(UserError, match="schema 99"):
        RunFolder.create(tmp_path / "run")


def test_garbage_in_a_record_is_one_sentence(tmp_path: Path) -> None:
    run = toy_run(tmp_path / "run", datasets="toy-a")
    (tmp_path / "run/cells" / run.records[0].id / "cell.json").write_text("{")
    with pytest.raises(UserError, match="delete that folder"):
        open_run(tmp_path / "run")


def test_a_full_disk_loses_nothing(tmp_path: Path, monkeypatch) -> None:
    run = toy_run(tmp_path / "run", datasets="toy-a")
    before = toyplugin.files_below(tmp_path / "run")

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(UserError, match="No space left on device"):
        toy_run(tmp_path / "run", datasets="toy-b")
    assert toyplugin.files_below(tmp_path / "run") == before
    assert open_run(tmp_path / "run").records == run.records


def test_a_full_cache_is_one_sentence(tmp_path: Path, monkeypatch) -> None:
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "pwrite", full)
    assert "ADBENCH_CACHE" in toy_run(tmp_path / "run", datasets="toy-a").failed[0].error["message"]


def test_a_cell_that_was_being_written_is_cleared_away(tmp_path: Path) -> None:
    toy_run(tmp_path / "run", datasets="toy-a")
    left_over = tmp_path / "run/cells/.writing-999999999-x"
    left_over.mkdir()
    (left_over / "cell.json").write_text("{}")
    assert len(open_run(tmp_path / "run").records) == 1
    RunFolder.create(tmp_path / "run")
    assert not left_over.exists()


def test_a_crash_while_a_cell_gave_way_to_its_successor_loses_neither(tmp_path: Path) -> None:
    run = toy_run(tmp_path / "run", datasets="toy-a")
    cell = tmp_path / "run/cells" / run.records[0].id
    left_over = tmp_path / "run/cells/.writing-999999999-x"
    shutil.copytree(cell, left_over)
    cell.rename(left_over / "previous")
    RunFolder.create(tmp_path / "run")
    assert open_run(tmp_path / "run").records == run.records
    assert {path.name for path in cell.parent.iterdir()} == {cell.name}
    assert {path.name for path in cell.iterdir()} == {"cell.json", "scores.parquet"}


PROGRAM = """
import sys, time
from pathlib import Path
import toyplugin
fit = toyplugin.Peak.fit
def slow(self, support, ctx):
    time.sleep(0.02)
    fit(self, support, ctx)
toyplugin.Peak.fit = slow
from toyrun import toy_run
print("ready", flush=True)
toy_run(Path(sys.argv[1]), seeds=tuple(range(8)))
"""


@pytest.mark.slow
def test_kill_at_random_moments_then_the_same_command(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    finished: dict[str, bytes] = {}
    for _ in range(10):
        process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, str(tmp_path / "run")], stdout=subprocess.PIPE, env=_environment()
        )
        assert process.stdout
        process.stdout.readline()
        time.sleep(float(rng.uniform(0, 0.5)))
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()
        now = {
            n: c for n, c in toyplugin.files_below(tmp_path / "run").items() if n.startswith("cells/toy") or "/.writing" not in n
        }
        assert {name: now.get(name) for name in finished} == finished
        finished = {name: content for name, content in now.items() if name.endswith(".parquet")}
    complete = toy_run(tmp_path / "run", seeds=tuple(range(8)))
    undisturbed = toy_run(tmp_path / "other", seeds=tuple(range(8)))
    assert to_json(complete.leaderboard()) == to_json(undisturbed.leaderboard())
    assert not list((tmp_path / "run/cells").glob(".writing*"))


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
