"""Tests that need what is not part of the project: where they look, and that none goes missing unseen."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from golden import VARIABLE, shared_folder
from pages import REPOSITORY

NEEDS_GOLDEN = """
import pytest

@pytest.mark.parametrize("number", range(3))
def test_golden(shared, number):
    pass

def test_none():
    pytest.skip("no   GPU\\nhere")
"""
NEEDS_MORE = """
import pytest

pytest.importorskip("no_such_module")
"""


def test_a_folder_that_was_named_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(pytest.fail.Exception, match="has no golden/ folder"):
        shared_folder(str(tmp_path), beside=tmp_path)


def test_a_folder_beside_the_checkout_may_be_missing(tmp_path: Path) -> None:
    with pytest.raises(pytest.skip.Exception, match=f"set {VARIABLE}"):
        shared_folder(None, beside=tmp_path)


def test_the_named_folder_comes_first(tmp_path: Path) -> None:
    for name in ("named", "beside"):
        (tmp_path / name / "golden").mkdir(parents=True)
    assert shared_folder(str(tmp_path / "named"), tmp_path / "beside").name == "named"
    assert shared_folder(None, tmp_path / "beside").name == "beside"


@pytest.mark.slow
def test_skips_are_counted_by_reason(tmp_path: Path) -> None:
    """In a checkout of its own, with no shared folder beside it."""
    tests = tmp_path / "checkout" / "tests"
    shutil.copytree(REPOSITORY / "tests" / "support", tests / "support")
    shutil.copy(REPOSITORY / "tests" / "conftest.py", tests)
    (tests / "test_golden.py").write_text(NEEDS_GOLDEN)
    (tests / "test_more.py").write_text(NEEDS_MORE)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tests / "support"), *sys.path])}
    environment["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    for name in (VARIABLE, "PYTEST_ADDOPTS"):
        environment.pop(name, None)
    command = [sys.executable, "-m", "pytest", "-q", "-c", os.devnull, "--rootdir", tests, "-p", "no:cacheprovider", tests]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    assert done.returncode == 0, done.stdout + done.stderr
    summary = done.stdout.partition("5 skipped, by reason")[2].splitlines()[1:4]
    assert [line.strip() for line in summary] == [
        f"3 x needs golden arrays: set {VARIABLE} to the folder that holds golden/, data/ and weights/",
        "1 x could not import 'no_such_module': No module named 'no_such_module' (a whole file)",
        "1 x no GPU here",
    ]
