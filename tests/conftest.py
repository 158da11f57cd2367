"""Fixtures that all tests share."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from golden import VARIABLE, shared_folder
from pages import REPOSITORY
from skips import skips_by_reason


@pytest.fixture(scope="session")
def shared() -> Path:
    """The shared folder; a test that needs it is skipped, saying so, where there is none."""
    return shared_folder(os.environ.get(VARIABLE), REPOSITORY.parent / "shared")


@pytest.fixture(scope="session", autouse=True)
def _few_threads() -> None:
    """Networks of a few neurons lose more time on waking threads than they gain, most of all where tests run beside each other."""
    import torch

    torch.set_num_threads(1)


@pytest.fixture(autouse=True)
def _few_resamples(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """A toy cell spends more on the intervals of its pixel figures than on all the rest: a tenth of the resamples will do.

    Not where the intervals themselves are looked at, or are compared with those of another process.
    """
    if request.path.parent.name not in ("metrics", "adbench_processes"):
        monkeypatch.setattr("adbench.metrics.figures.RESAMPLES", 100)


@pytest.fixture(autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Every test has its own cache folder; no data root, plugins or terminal width come from outside."""
    folder = tmp_path_factory.mktemp("cache")
    monkeypatch.setenv("ADBENCH_CACHE", str(folder))
    for variable in ("ADBENCH_DATA", "ADBENCH_PLUGINS", "COLUMNS"):
        monkeypatch.delenv(variable, raising=False)
    return folder


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say at the end how many tests were skipped, and why."""
    if skipped := terminalreporter.stats.get("skipped", []):
        terminalreporter.section(f"{len(skipped)} skipped, by reason")
        for line in skips_by_reason(skipped):
            terminalreporter.write_line(line)
