"""The run folder: whole cells or none, after a crash at any instant."""

from __future__ import annotations

import contextlib
import dataclasses
import errno
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as parquet
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
    with pytest.raises(UserError, match="is not a run folder"):
        RunFolder.create(tmp_path)
    with pytest.raises(UserError, match="is not a run folder"):
        RunFolder.open(tmp_path)


def test_a_newer_schema_is_refused(tmp_path: Path) -> None:
    run = toy_run(tmp_path / "run", datasets="toy-a")
    file = tmp_path / "run/cells" / run.records[0].id / "cell.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), "schema": 99}))
    with pytest.raises(UserError, match="schema 99.*update adbench"):
        list(RunFolder(tmp_path / "run").records())
    (tmp_path / "run" / MARKER).write_text('{"schema": 99}')
    for opened in (RunFolder.create, RunFolder.open):
        with pytest.raises(UserError, match="The run .* has schema 99, this adbench reads up to 1: update adbench."):
            opened(tmp_path / "run")


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"{}", b'{"schema": "1"}', b'{"schema": true}', b'{"schema": 0}', b"\xff"])
def test_a_broken_marker_is_one_sentence(tmp_path: Path, content: bytes) -> None:
    RunFolder.create(tmp_path / "run")
    (tmp_path / "run" / MARKER).write_bytes(content)
    for opened in (RunFolder.create, RunFolder.open):
        with pytest.raises(UserError, match="adbench-run.json cannot be read: restore it, or use another --out."):
            opened(tmp_path / "run")


def test_a_broken_cell_takes_no_other_down_and_is_named(tmp_path: Path) -> None:
    run = toy_run(tmp_path / "run", datasets="toy-a,toy-b")
    broken, whole = run.records
    file = tmp_path / "run/cells" / broken.id / "cell.json"
    file.write_text("{")
    said = f"{file} is not an adbench result: delete that folder to measure the cell again."
    with pytest.warns(UserWarning, match=re.escape(said)):
        opened = open_run(tmp_path / "run")
    assert (opened.records, opened.unreadable) == ([whole], [said])


def test_a_copy_of_a_cell_does_not_count_twice(tmp_path: Path) -> None:
    (record,) = toy_run(tmp_path / "run", datasets="toy-a").records
    cells = tmp_path / "run/cells"
    shutil.copytree(cells / record.id, cells / "copy")
    contents = RunFolder(tmp_path / "run").contents()
    assert contents.records == [record]
    assert contents.unreadable == [
        f"{cells / 'copy' / 'cell.json'} is the record of {record.id}: give its folder that name, or delete it."
    ]


def test_a_broken_cell_that_is_planned_fails_alone_and_is_left_as_it_is(tmp_path: Path) -> None:
    run = toy_run(tmp_path / "run", datasets="toy-a,toy-b")
    file = tmp_path / "run/cells" / run.records[0].id / "cell.json"
    file.write_text("{")
    again = toy_run(tmp_path / "run", datasets="toy-a,toy-b")
    assert [record.status for record in again.records] == ["failed", "done"]
    assert again.failed[0].error["message"] == f"{file} is not an adbench result: delete that folder to measure the cell again."
    assert file.read_text() == "{"
    shutil.rmtree(file.parent)
    assert toy_run(tmp_path / "run", datasets="toy-a,toy-b").failed == []


COLUMNS = {"id": ["a", "b"], "score": [0.5, 1.5], "label": [False, True], "group": ["x", None]}


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"score": [0.5, float("nan")]}, "`score`: a score is NaN or infinite"),
        ({"score": [0.5, float("inf")]}, "`score`: a score is NaN or infinite"),
        ({"score": [0.5, None]}, "`score`: a value is missing"),
        ({"score": ["0.5", "1.5"]}, "`score`: expected one column of floating point"),
        ({"label": [0, 1]}, "`label`: expected one column of true or false"),
        ({"label": [0.0, 2.0]}, "`label`: expected one column of true or false"),
        ({"label": [False, None]}, "`label`: a value is missing"),
        ({"id": [1, 2]}, "`id`: expected one column of text"),
        ({"id": ["a", None]}, "`id`: a value is missing"),
        ({"id": ["a", "a"]}, "`id`: an image occurs twice"),
        ({"group": [1, 2]}, "`group`: expected one column of text"),
        ({"type": [1, 2]}, "`type`: expected one column of text"),
        ({"site": [0.5, None]}, "`site`: expected one column of text"),
        *(({name: None}, f"`{name}`: expected one column of") for name in COLUMNS),
    ],
)
def test_scores_that_do_not_fit_are_named_by_column(tmp_path: Path, changed: dict, said: str) -> None:
    folder = RunFolder.create(tmp_path / "run")
    place = folder.cells / "x"
    place.mkdir()
    columns = {name: values for name, values in {**COLUMNS, **changed}.items() if values is not None}
    parquet.write_table(pa.table(columns), place / "scores.parquet")
    with pytest.raises(UserError, match=f"its scores cannot be read \\({said}.*delete {place} to measure the cell again"):
        folder.scores("x")


def test_scores_that_fit_are_read(tmp_path: Path) -> None:
    folder = RunFolder.create(tmp_path / "run")
    (folder.cells / "x").mkdir()
    parquet.write_table(pa.table(COLUMNS), folder.cells / "x" / "scores.parquet")
    table = folder.scores("x")
    assert (table.ids, table.groups) == (["a", "b"], ["x", None])
    assert (table.scores.tolist(), table.labels.tolist()) == ([0.5, 1.5], [False, True])
    assert (table.scores.dtype, table.labels.dtype) == (np.float64, np.bool_)


def test_older_files_know_neither_type_nor_site(tmp_path: Path) -> None:
    folder = RunFolder.create(tmp_path / "run")
    (folder.cells / "x").mkdir()
    file = folder.cells / "x" / "scores.parquet"
    parquet.write_table(pa.table(COLUMNS), file)
    assert (folder.scores("x").types, folder.scores("x").sites) == ([None, None], [None, None])
    parquet.write_table(pa.table({**COLUMNS, "site": ["here", None]}), file)
    assert (folder.scores("x").types, folder.scores("x").sites) == ([None, None], ["here", None])


def test_types_and_sites_are_those_of_the_images(tmp_path: Path, monkeypatch) -> None:
    original = toyplugin.ToySet.items

    def items(self, split):
        found = original(self, split)
        return [dataclasses.replace(i, type="hole" if i.abnormal else None, site=f"site {i.id[-1]}") for i in found]

    monkeypatch.setattr(toyplugin.ToySet, "items", items)
    run = toy_run(tmp_path / "run", datasets="toy-a")
    frame = run.scores(run.records[0])
    assert list(frame.columns) == ["id", "score", "label", "group", "type", "site"]
    assert len(frame) == 16
    for row in frame.itertuples():
        assert (row.type == "hole") if row.label else pd.isna(row.type)
        assert row.site == f"site {row.id[-1]}"
    schema = parquet.read_schema(tmp_path / "run/cells" / run.records[0].id / "scores.parquet")
    assert schema.names == list(frame.columns)


def test_what_it_knows_of_a_dataset(tmp_path: Path) -> None:
    folder = RunFolder.create(tmp_path / "run")
    assert not folder.knows("toy-a")
    toy_run(tmp_path / "run", datasets="toy-a")
    assert folder.knows("toy-a")
    assert not folder.knows("toy")
    assert not RunFolder(tmp_path / "nowhere").knows("toy-a")


def test_scores_that_are_cut_or_absent_are_one_sentence(tmp_path: Path) -> None:
    (record,) = toy_run(tmp_path / "run", datasets="toy-a").records
    folder = RunFolder(tmp_path / "run")
    file = folder.cells / record.id / "scores.parquet"
    whole = file.read_bytes()
    for size in (0, 3, 100, len(whole) // 2, len(whole) - 1):
        file.write_bytes(whole[:size])
        with pytest.raises(UserError, match="its scores cannot be read"):
            folder.scores(record.id)
    rng = np.random.default_rng(0)
    for _ in range(200):  # any single byte changed: read, or one sentence
        changed = bytearray(whole)
        changed[rng.integers(len(whole))] ^= 1 << rng.integers(8)
        file.write_bytes(changed)
        with contextlib.suppress(UserError):
            folder.scores(record.id)
    file.unlink()
    with pytest.raises(UserError, match="there is no scores.parquet"):
        folder.scores(record.id)


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


def test_where_the_successor_cannot_be_read_its_forerunner_comes_back(tmp_path: Path) -> None:
    run = toy_run(tmp_path / "run", datasets="toy-a")
    cell = tmp_path / "run/cells" / run.records[0].id
    left_over = tmp_path / "run/cells/.writing-999999999-x"
    shutil.copytree(cell, left_over)
    cell.rename(left_over / "previous")
    (left_over / "cell.json").write_text("{")
    RunFolder.create(tmp_path / "run")
    assert open_run(tmp_path / "run").records == run.records
    assert {path.name for path in cell.parent.iterdir()} == {cell.name}


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
