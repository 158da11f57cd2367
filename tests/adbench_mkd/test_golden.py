"""Networks, losses, steps, scores and maps against the golden arrays of the original."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"


@pytest.mark.slow
def test_every_golden_array_is_met(shared: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [str(BENCHMARKS), *sys.path])
    from parity_checks import mkd
    from parity_checks.report import Report

    lines: list[str] = []
    report = Report(shared / "golden", lines.append)
    mkd.check(shared / "golden", report)
    assert [line for line in lines if "FAIL" in line] == []
    assert report.unseen(("mkd/*",)) == []
    assert len(report.compared) > 100
