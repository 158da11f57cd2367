"""Pixels, towers, logits, losses and gradients against the golden arrays of the release."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).resolve().parents[3] / "benchmarks"


@pytest.mark.slow
def test_every_golden_array_is_met(shared: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [str(BENCHMARKS), *sys.path])
    check = importlib.import_module("parity_checks.medclip").check
    lines: list[str] = []
    report = importlib.import_module("parity_checks.report").Report(shared / "golden", lines.append)
    check(shared / "golden", report)
    assert [line for line in lines if "FAIL" in line] == []
    assert report.unseen(("medclip/*",)) == []
    assert len(report.compared) == 26
