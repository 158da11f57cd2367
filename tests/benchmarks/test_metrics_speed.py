"""The script that measures speed says for each target whether it is met."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "benchmarks/metrics_speed.py"


@pytest.mark.slow
def test_targets_are_printed_and_met_at_a_small_size() -> None:
    command = [sys.executable, str(SCRIPT), "--only", "bootstrap", "--images", "12"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    lines = [line.strip() for line in done.stdout.splitlines()]
    assert (done.returncode, done.stderr) == (0, "")
    assert [line for line in lines if line.startswith("target")] == [
        "target: under 60 s: met",
        "target: peak under 2 GiB, inputs included: met",
    ]
