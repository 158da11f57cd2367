"""Counts of skipped tests by reason: a skip that goes unnoticed is a lost test."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

import pytest


def skips_by_reason(reports: Iterable[pytest.TestReport | pytest.CollectReport]) -> list[str]:
    """One line per reason, `  12 x reason`, the most frequent first; a file skipped as a whole counts once, marked so."""
    reasons = Counter(_reason(report) for report in reports)
    return [f"{count:5} x {reason}" for reason, count in sorted(reasons.items(), key=lambda each: (-each[1], each[0]))]


def _reason(report: pytest.TestReport | pytest.CollectReport) -> str:
    # pytest gives (path, line, "Skipped: reason").
    said = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    whole = " (a whole file)" if isinstance(report, pytest.CollectReport) else ""
    return " ".join(said.removeprefix("Skipped: ").split()) + whole
