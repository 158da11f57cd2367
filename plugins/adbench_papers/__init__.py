"""The suites of the papers' tables, and the figures that the papers published."""

from __future__ import annotations

from pathlib import Path

import adbench

HERE = Path(__file__).parent
CHECKOUT = HERE.parents[1] / "benchmarks"


@adbench.hookimpl
def adbench_suites() -> list[adbench.SuiteCard]:
    """One a file."""
    return [adbench.SuiteCard(name=file.stem, file=file) for file in _files("suites", "*.toml")]


@adbench.hookimpl
def adbench_published() -> list[adbench.PublishedCard]:
    """One a file."""
    return [adbench.PublishedCard(name=file.stem, file=file) for file in _files("published", "*.csv")]


def _files(folder: str, pattern: str) -> list[Path]:
    """The wheel carries `benchmarks/suites` and `benchmarks/published` in this package; a checkout has them where they are."""
    inside = HERE / folder
    return sorted((inside if inside.is_dir() else CHECKOUT / folder).glob(pattern))
