"""Networks, losses, steps and scores against the golden arrays of the originals."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"


@pytest.mark.slow
@pytest.mark.parametrize(("part", "arrays"), [("dra", 250), ("bgad", 500)])
def test_every_golden_array_is_met(part: str, arrays: int, shared: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [str(BENCHMARKS), *sys.path])
    check = importlib.import_module(f"parity_checks.{part}").check
    report_class = importlib.import_module("parity_checks.report").Report
    lines: list[str] = []
    report = report_class(shared / "golden", lines.append)
    check(shared / "golden", report)
    assert [line for line in lines if "FAIL" in line] == []
    assert report.unseen((f"{part}/*",)) == []
    assert len(report.compared) > arrays
