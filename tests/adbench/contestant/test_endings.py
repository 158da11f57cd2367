"""Whatever ends a run, its contestants end with it, and nothing is left behind."""

from __future__ import annotations

import importlib.util
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import contests
import pytest

from adbench.results.store import RunFolder

pytestmark = [
    pytest.mark.isolated,
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="processes are looked for in /proc"),
]
SECONDS = 60


def until(true, what: str) -> None:
    """Wait for it."""
    deadline = time.monotonic() + SECONDS
    while not true():
        assert time.monotonic() < deadline, what
        time.sleep(0.05)


@pytest.mark.slow
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_contestants_end_with_the_run(tmp_path: Path, how: signal.Signals) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    with contests.start(tmp_path / "run", temporary, "peak,hangs", workers=2) as run:
        cells = tmp_path / "run" / "cells"
        until(lambda: list(cells.glob("peak*/cell.json")), "the first cell")
        until(lambda: len(contests.below(temporary)) >= 2, "nursery and contestant")  # the one that hangs
        os.kill(run.pid, how)
        run.communicate(timeout=SECONDS)
        until(lambda: not contests.below(temporary), "their end")
    until(lambda: not list(temporary.iterdir()), "an empty folder")
    assert not list(cells.glob(".writing-*"))
    assert [record.method for record in RunFolder(tmp_path / "run").records()] == ["peak"]


def test_sigterm_is_like_ctrl_c(monkeypatch: pytest.MonkeyPatch) -> None:
    from adbench.cli.run import _ends_tidily

    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(KeyboardInterrupt) as caught, _ends_tidily():
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(1)
    assert caught.value.args == (signal.SIGTERM,)
    assert signal.getsignal(signal.SIGTERM) is before


@pytest.mark.slow
def test_kills_at_any_instant_lose_and_change_nothing(tmp_path: Path) -> None:
    spec = importlib.util.spec_from_file_location("kills", contests.REPOSITORY / "benchmarks" / "kills.py")
    kills = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(kills)
    grid = {"methods": "peak,meddles", "datasets": "toys", "seeds": (0, 1)}
    variables = contests.environment(tmp_path)
    subprocess.run(contests.command(tmp_path / "clean", **grid), env=variables, check=True, capture_output=True)
    trial = kills.Trial(tmp_path, contests.command(tmp_path / "run", **grid, workers=2), contests.environment)
    assert trial.kill(10, seed=0) == []
    assert trial.compare(tmp_path / "clean") == []
