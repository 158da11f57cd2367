"""The folder of golden arrays, real images and weights outside the project."""

from __future__ import annotations

from pathlib import Path

import pytest

VARIABLE = "ADBENCH_SHARED"


def shared_folder(named: str | None, beside: Path) -> Path:
    """The folder that `ADBENCH_SHARED` names, or else the one beside the checkout.

    If the named folder is missing the test fails; if the other one is missing it is skipped.
    """
    folder = Path(named) if named else beside
    if (folder / "golden").is_dir():
        return folder.resolve()
    if named:
        pytest.fail(f"{VARIABLE}={named} has no golden/ folder", pytrace=False)
    pytest.skip(f"needs golden arrays: set {VARIABLE} to the folder that holds golden/, data/ and weights/")
