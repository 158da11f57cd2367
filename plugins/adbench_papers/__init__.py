"""The suites of the papers' tables, and the published figures."""

from __future__ import annotations

from pathlib import Path

import adbench

HERE = Path(__file__).parent
CHECKOUT = HERE.parents[1] / "benchmarks"


@adbench.hookimpl
def adbench_suites() -> list[adbench.SuiteCard]:
    """One per file."""
    return [adbench.SuiteCard(name=file.stem, file=file) for file in _files("suites", "*.toml")]


@adbench.hookimpl
def adbench_published() -> list[adbench.PublishedCard]:
    """One per file."""
    return [adbench.PublishedCard(name=file.stem, file=file) for file in _files("published", "*.csv")]


def _files(folder: str, pattern: str) -> list[Path]:
    """Files of `benchmarks/suites` or `benchmarks/published`: in this package in a wheel, in place in a checkout."""
    inside = HERE / folder
    return sorted((inside if inside.is_dir() else CHECKOUT / folder).glob(pattern))
