"""Fixtures that all tests share."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


def shared_folder() -> Path | None:
    """Golden arrays, real images and weights that are not part of the project: ADBENCH_SHARED, or beside the checkout."""
    named = os.environ.get("ADBENCH_SHARED")
    folder = Path(named) if named else Path(__file__).resolve().parents[2] / "shared"
    return folder if (folder / "golden").is_dir() else None


@pytest.fixture(scope="session")
def shared() -> Path:
    """The shared folder; a test that needs it is skipped, saying so, where there is none."""
    folder = shared_folder()
    if folder is None:
        if os.environ.get("ADBENCH_SHARED"):
            pytest.fail(f"ADBENCH_SHARED={os.environ['ADBENCH_SHARED']} has no golden/ folder")
        pytest.skip("needs golden arrays: set ADBENCH_SHARED to the folder that holds golden/, data/ and weights/")
    return folder


@pytest.fixture(scope="session", autouse=True)
def _few_threads() -> None:
    """Tests run beside each other on small machines."""
    import torch

    torch.set_num_threads(2)


@pytest.fixture(autouse=True)
def _few_resamples(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """A toy cell spends more on the intervals of its pixel figures than on all the rest: a tenth of the resamples will do.

    Not where the intervals themselves are looked at.
    """
    if "metrics" not in request.path.parent.name:
        monkeypatch.setattr("adbench.metrics.figures.RESAMPLES", 100)


@pytest.fixture(autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Every test has a cache folder of its own and no data root from outside."""
    folder = tmp_path_factory.mktemp("cache")
    monkeypatch.setenv("ADBENCH_CACHE", str(folder))
    monkeypatch.delenv("ADBENCH_DATA", raising=False)
    monkeypatch.delenv("ADBENCH_PLUGINS", raising=False)
    return folder
