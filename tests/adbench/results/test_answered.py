"""A cell that failed before its identity was known and then succeeded is one cell, for every reader."""

from __future__ import annotations

import dataclasses
import json
from functools import partial
from pathlib import Path

import pytest
import toyplugin
from command import call_command
from madeup import failed_cell, made_up_cell
from toyrun import toy_run

from adbench import UserError
from adbench.api import leaderboard, open_run
from adbench.leaderboard.material import gather
from adbench.results.answered import without_answered
from adbench.results.store import RunFolder

READ = toyplugin.ToySet.fingerprint


def unreadable(self) -> str:
    """In place of a fingerprint: the data cannot be had."""
    raise UserError("zz.png is a dead link")


@pytest.fixture
def repaired(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A run whose only cell failed, then was measured by the same command."""
    monkeypatch.setattr(toyplugin.ToySet, "fingerprint", unreadable)
    assert [record.status for record in toy_run(tmp_path / "run", datasets="toy-a").records] == ["failed"]
    monkeypatch.setattr(toyplugin.ToySet, "fingerprint", READ)
    return toy_run(tmp_path / "run", datasets="toy-a").folder


@pytest.fixture
def stale(tmp_path: Path) -> Path:
    """The same as an older adbench left it: the failure is still there, under another id."""
    folder = RunFolder.create(tmp_path / "run")
    failed = failed_cell(folder, "peak", "toy-a", "zz.png is a dead link", started="2026-01-04T10:00:00+00:00")
    (folder.cells / failed.id).rename(folder.cells / "partial")
    known = {name: failed.identity[name] for name in failed.identity if name not in ("version", "weights", "fingerprint")}
    folder.update(dataclasses.replace(failed, id="partial", identity=known))
    made_up_cell(folder, "peak", "toy-a", started="2026-01-05T10:00:00+00:00")
    assert len(list(folder.cells.iterdir())) == 2
    return folder.path


@pytest.fixture(params=["repaired", "stale"])
def run(request: pytest.FixtureRequest) -> Path:
    """Either."""
    return request.getfixturevalue(request.param)


@pytest.fixture
def adbench(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path):
    """The command with the toy plugin only; gives exit code, stdout, stderr."""
    monkeypatch.setattr("adbench.registry.loading.entry_points", lambda group: [toyplugin.entry_point()])
    monkeypatch.chdir(tmp_path)
    return partial(call_command, monkeypatch, capsys)


def test_api_and_frame(run: Path) -> None:
    opened = open_run(run)
    (record,) = opened.records
    assert (record.status, opened.failed) == ("done", [])
    assert opened.frame().set_index("metric").value.to_dict() == record.metrics


def test_leaderboard(run: Path) -> None:
    (table,) = open_run(run).leaderboard()
    (row,) = table.rows
    assert row.failed == {}
    assert row.figures["toy-a", "image_auroc"].value == open_run(run).records[0].metrics["image_auroc"]


def test_report(run: Path, adbench, tmp_path: Path) -> None:
    material = gather([open_run(run)])
    assert (len(material.done), material.failed) == (1, [])
    assert adbench("report", "run", "--no-images", "-o", "page.html")[0] == 0
    assert "dead link" not in (tmp_path / "page.html").read_text()


def test_metrics(run: Path, adbench) -> None:
    code, out, _ = adbench("metrics", "run", "--metric", "image_auroc", "--format", "json")
    (row,) = json.loads(out)
    assert (code, row["value"]) == (0, open_run(run).records[0].metrics["image_auroc"])


def test_check_and_baseline(run: Path, adbench) -> None:
    assert adbench("baseline", "run", "-o", "base.json")[:2] == (0, "1 cell in base.json\n")
    code, out, _ = adbench("check", "run", "--baseline", "base.json", "--format", "json")
    assert (code, {row["verdict"] for row in json.loads(out)}) == (0, {"same"})
    (Path("base.json")).write_text('{"schema": 2, "cells": [], "scores": []}')
    code, out, _ = adbench("check", "run", "--baseline", "base.json", "--format", "json")
    assert [row["verdict"] for row in json.loads(out)] == ["new"], "not the failure, which the baseline lacks too"


def test_no_folder_of_the_failure_is_left(repaired: Path) -> None:
    assert len(list(repaired.joinpath("cells").iterdir())) == 1


def test_what_worked_and_fails_now_stays_visible_until_it_works_again(tmp_path: Path, monkeypatch, adbench) -> None:
    toy_run(tmp_path / "run", datasets="toy-a")
    assert adbench("baseline", "run", "-o", "base.json")[0] == 0
    monkeypatch.setattr(toyplugin.ToySet, "fingerprint", unreadable)
    toy_run(tmp_path / "run", datasets="toy-a")
    assert len(open_run(tmp_path / "run").failed) == 1
    code, _, err = adbench("check", "run", "--baseline", "base.json")
    assert (code, "incomparable: the cell failed: zz.png is a dead link" in err) == (1, True)
    monkeypatch.setattr(toyplugin.ToySet, "fingerprint", READ)
    toy_run(tmp_path / "run", datasets="toy-a")  # kept, not measured
    assert open_run(tmp_path / "run").failed == []
    assert adbench("check", "run", "--baseline", "base.json")[0] == 0


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_over_several_runs(tmp_path: Path, monkeypatch, order: tuple[int, int]) -> None:
    monkeypatch.setattr(toyplugin.ToySet, "fingerprint", unreadable)
    toy_run(tmp_path / "failed", datasets="toy-a")
    monkeypatch.setattr(toyplugin.ToySet, "fingerprint", READ)
    (record,) = toy_run(tmp_path / "done", datasets="toy-a").records
    runs = [[open_run(tmp_path / name) for name in ("done", "failed")][number] for number in order]
    assert gather(runs).failed == []
    for tables in (leaderboard(runs), gather(runs).tables):
        (row,) = tables[0].rows
        assert (row.failed, row.figures["toy-a", "image_auroc"].value) == ({}, record.metrics["image_auroc"])


def test_only_a_later_cell_of_the_same_question_answers(tmp_path: Path) -> None:
    folder = RunFolder.create(tmp_path / "run")
    failed = failed_cell(folder, "a", "d", "boom", started="2026-01-04")
    done = made_up_cell(folder, "a", "d", started="2026-01-05", fingerprint="mended")
    assert without_answered([failed, done]) == [done]
    assert without_answered([failed, dataclasses.replace(done, started="2026-01-03")])[0] == failed
    asked = [
        {"variant": "a[x=1]"},
        {"seed": 1},
        {"k": 8},
        {"preset": "paper"},
        {"dataset": "e"},
        {"identity": {**done.identity, "precision": "bf16"}},
        {"identity": {**done.identity, "protocol": {"limit": 4}}},
        {"identity": {**done.identity, "parameters": {}}},
    ]
    for change in asked:
        assert len(without_answered([failed, dataclasses.replace(done, **change)])) == 2, change
