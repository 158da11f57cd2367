"""Results that older versions wrote stay readable: `historic_results/vN` was written when schema N was young, and never changes."""

from __future__ import annotations

import dataclasses
import json
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest

from adbench import open_run
from adbench.cli.main import main
from adbench.regression.baseline import baseline_cells, read_baseline
from adbench.regression.verdicts import check
from adbench.results.store import RunFolder

HISTORIC = Path(__file__).parent / "historic_results"


@pytest.fixture(params=sorted(path.name for path in HISTORIC.iterdir()))
def historic(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A copy of a run of three finished cells and a failed one, and its baseline."""
    return Path(shutil.copytree(HISTORIC / request.param, tmp_path / "historic"))


def adbench(monkeypatch: pytest.MonkeyPatch, *arguments: object) -> int:
    """The exit code of a command."""
    monkeypatch.setattr(sys, "argv", ["adbench", *map(str, arguments)])
    try:
        main()
    except SystemExit as ended:
        return int(ended.code or 0)
    return 0


def test_records_and_scores(historic: Path) -> None:
    run = open_run(historic / "run")
    assert [(record.method, record.dataset, record.status) for record in run.records] == [
        ("mkd", "phantom-resc", "done"),
        ("mvfa", "phantom-brain", "done"),
        ("mvfa", "phantom-oct17", "failed"),
        ("mvfa", "phantom-resc", "done"),
    ]
    assert "choose a smaller --shots" in run.failed[0].error["message"]
    for record in run.records:
        written = json.loads((historic / "run" / "cells" / record.id / "cell.json").read_text())
        assert record.metrics == written["metrics"]
        assert record.intervals == {}  # no such field in the oldest files: not measured
        if record.status == "done":
            scores = run.scores(record)
            assert scores.label.value_counts().to_dict() == {True: 6, False: 6}
            assert np.isfinite(scores.score).all()
    assert set(run.frame().metric) == {"image_auroc", "pixel_auroc"}


def test_a_finished_cell_is_not_measured_again(historic: Path) -> None:
    folder = RunFolder.create(historic / "run")
    done = [record for record in folder.records() if folder.done(record.id)]
    assert len(done) == 3


def test_leaderboard(historic: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    for form in ("table", "md", "csv", "svg"):
        assert adbench(monkeypatch, "leaderboard", historic / "run", "--format", form) == 0
    capsys.readouterr()
    assert adbench(monkeypatch, "leaderboard", historic / "run", "--format", "json") == 0
    shown = {
        (row["method"], row["dataset"], row["k"]): row["value"]
        for row in json.loads(capsys.readouterr().out)
        if row["metric"] == "image_auroc"
    }
    written = {(r.method, r.dataset, r.k): r.metrics.get("image_auroc") for r in open_run(historic / "run").records}
    assert {key: value for key, value in shown.items() if key in written} == written


def test_figures_are_computed_anew(historic: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    asked = ("--metric", "image_auroc", "--metric", "image_ap", "--format", "json")
    assert adbench(monkeypatch, "metrics", historic / "run", *asked) == 0
    rows = json.loads(capsys.readouterr().out)
    figures = {(row["id"], row["metric"]): row["value"] for row in rows}
    done = [record for record in open_run(historic / "run").records if record.status == "done"]
    assert all(figures[record.id, "image_auroc"] == record.metrics["image_auroc"] for record in done)
    assert all(0 < figures[record.id, "image_ap"] <= 1 for record in done), "what the old record lacks"


@pytest.mark.slow
def test_report(historic: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert adbench(monkeypatch, "report", historic / "run", "-o", tmp_path / "report.html") == 0
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "phantom-brain" in page
    assert "choose a smaller --shots" in page


def test_baseline(historic: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The failed cell, which the baseline lacks, is what fails the check; without it all is as it was."""
    folder = RunFolder.open(historic / "run")
    old = read_baseline(historic / "baseline.json")
    new = baseline_cells(folder, folder.records())
    assert [cell.label for cell in new] == [cell.label for cell in old]
    assert {comparison.verdict for comparison in check(new, old)} == {"same"}
    assert adbench(monkeypatch, "check", historic / "run", "--baseline", historic / "baseline.json") == 1
    shutil.rmtree(folder.cells / next(record.id for record in folder.records() if record.status == "failed"))
    assert adbench(monkeypatch, "check", historic / "run", "--baseline", historic / "baseline.json") == 0
    assert adbench(monkeypatch, "baseline", historic / "run", "-o", tmp_path / "again.json") == 0
    assert [cell.scores for cell in read_baseline(tmp_path / "again.json")] == [cell.scores for cell in old]


def test_a_loss_since_a_historic_baseline_is_found(historic: Path) -> None:
    """mvfa's scores on phantom-brain upside down: what was 0.917 is 0.083."""
    old = read_baseline(historic / "baseline.json")
    upset = next(cell for cell in old if (cell.key["variant"], cell.key["dataset"]) == ("mvfa", "phantom-brain"))
    turned = dataclasses.replace(upset, scores=[-score for score in upset.scores])
    worse = [row for row in check([turned if cell is upset else cell for cell in old], old) if row.verdict == "worse"]
    assert [row.label for row in worse] == [
        "mvfa, few-shot k=4, phantom-brain, seed 0 (demo)",
        "mvfa, few-shot k=4, mean (demo)",
    ]
    assert worse[0].low < 1 / 12 - 11 / 12 < worse[0].high
