"""`adbench metrics` as a user meets it."""

from __future__ import annotations

import csv
import json
import os
import shutil
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest
from command import call_command
from toyplugin import entry_point
from toyrun import toy_run

from adbench.metrics import METRICS


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two cells with maps."""
    return toy_run(tmp_path_factory.mktemp("metrics") / "run", datasets="toy-a,toy-plain", keep=("maps",)).folder


@pytest.fixture
def adbench(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path, run: Path):
    """`adbench metrics` with only the toy plugin, on a run with maps; gives exit code, stdout, stderr."""
    monkeypatch.setattr("adbench.registry.loading.entry_points", lambda group: [entry_point()])
    monkeypatch.chdir(tmp_path)
    shutil.copytree(run, tmp_path / "adbench-run")

    return partial(call_command, monkeypatch, capsys, "metrics")


@pytest.mark.slow
def test_every_figure_is_printed_in_every_format(adbench) -> None:
    code, out, err = adbench()
    assert (code, err) == (0, "")
    for metric in METRICS:
        assert metric.title in out
    rows = json.loads(adbench("--format", "json")[1])
    assert len(rows) == 7 + 4
    assert [row["metric"] for row in csv.DictReader(adbench("--format", "csv")[1].splitlines())] == [r["metric"] for r in rows]


def test_one_metric_can_be_asked_for(adbench) -> None:
    rows = json.loads(adbench("--metric", "image_fpr95,pixel_aupro", "--fpr-limit", "0.1", "--format", "json")[1])
    assert [row["metric"] for row in rows] == ["image_fpr95", "pixel_aupro", "image_fpr95"]
    code, _, err = adbench("--metric", "image_auroc,pixel_pro")
    assert code == 2
    assert "Did you mean 'pixel_aupro'?" in err


def test_records_are_written_on_request_only(adbench, tmp_path: Path) -> None:
    file = next((tmp_path / "adbench-run").glob("cells/*toy-a*/cell.json"))
    record = json.loads(file.read_text())
    file.write_text(json.dumps({**record, "intervals": {}}))
    adbench()
    assert json.loads(file.read_text())["intervals"] == {}
    assert "1 record changed." in adbench("--write")[2]
    assert set(json.loads(file.read_text())["intervals"]) == set(record["intervals"])
    code, _, err = adbench("--write", "--fpr-limit", "0.1")
    assert code == 2
    assert "--fpr-limit" in err


def test_scores_that_cannot_be_read_exit_1(adbench, tmp_path: Path) -> None:
    next((tmp_path / "adbench-run").glob("cells/*toy-a*/scores.parquet")).write_bytes(b"")
    code, _, err = adbench()
    assert code == 1
    assert "its scores cannot be read" in err


@pytest.mark.slow
def test_torch_is_not_imported(tmp_path: Path) -> None:
    toy_run(tmp_path / "run", datasets="toy-a", keep=("maps",))
    program = (
        "import sys; from toyplugin import entry_point; import adbench.registry.loading as p; p.entry_points = lambda group: [entry_point()]\n"
        f"sys.argv = ['adbench', 'metrics', {str(tmp_path / 'run')!r}]\n"
        "from adbench.cli.main import main\n"
        "try: main()\n"
        "finally: print([name for name in ('torch', 'anomalib') if name in sys.modules])"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, env=environment)
    assert done.stdout.splitlines()[-1] == "[]", done.stderr
