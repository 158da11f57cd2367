"""`pytest --adbench NAME` and `parametrize_with_checks`, in a pytest of their own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from faultydetectors import card
from toyplugin import entry_point

from adbench import UserError
from adbench.testing.checks import Check, CheckFailed, CheckSkipped
from adbench.testing.parametrize import as_test
from adbench.testing.suite import detector_bench

# A plugin must be installed to be found; here a conftest puts it where entry points are looked for.
CONFTEST = """
import toyplugin
import adbench.registry.loading
adbench.registry.loading.entry_points = lambda group: [toyplugin.entry_point()]
"""
AUTHORS = """
from adbench.testing import parametrize_with_checks

@parametrize_with_checks("toy-a", only=["ids-unique", "train-normal"])
def test_conformance(check):
    check()
"""


def run_pytest(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    (folder / "conftest.py").write_text(CONFTEST)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    environment.pop("PYTEST_ADDOPTS", None)
    command = [sys.executable, "-m", "pytest", "-p", "adbench.testing.pytest_plugin", "-p", "no:cacheprovider", *arguments]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, stdin=subprocess.DEVNULL)


@pytest.mark.slow
def test_the_option_adds_checks(tmp_path: Path) -> None:
    done = run_pytest(tmp_path, "-v", "--adbench", "toy-a")
    assert "adbench/toy-a::train-normal PASSED" in done.stdout
    # The toy set's images of one subject number are in every split.
    assert "adbench/toy-a::groups-disjoint FAILED" in done.stdout
    assert "toy-a: groups-disjoint: train/good/" in done.stdout
    assert "To fix it: Split by subject" in done.stdout
    assert "Traceback" not in done.stdout
    assert done.returncode == 1


@pytest.mark.slow
def test_an_unknown_name_is_a_usage_error(tmp_path: Path) -> None:
    done = run_pytest(tmp_path, "--adbench", "toy-c")
    assert done.returncode == pytest.ExitCode.USAGE_ERROR
    assert "Did you mean 'toy-" in done.stderr


@pytest.mark.slow
def test_the_decorator_makes_a_test_of_each_check(tmp_path: Path) -> None:
    (tmp_path / "test_own.py").write_text(AUTHORS)
    done = run_pytest(tmp_path, "-v")
    assert "test_conformance[toy-a-ids-unique] FAILED" in done.stdout  # `good` before `Ungood` is not sorted
    assert "test_conformance[toy-a-train-normal] PASSED" in done.stdout
    assert "1 failed, 1 passed" in done.stdout


@pytest.mark.slow
def test_nothing_heavy_is_imported_by_the_plugin() -> None:
    program = (
        "import sys, adbench.testing.pytest_plugin; print([m for m in ('torch', 'pandas', 'scipy', 'PIL') if m in sys.modules])"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, env=environment, check=True)
    assert done.stdout.strip() == "[]"


def test_outcomes_become_those_of_pytest() -> None:
    from adbench.registry.cards import load_registry
    from adbench.registry.loading import load_plugins

    bench = detector_bench(card(), registry=load_registry(load_plugins([entry_point()])), gpu=None)

    def fail(_: object) -> None:
        """A demand."""
        raise CheckFailed("it is wrong")

    def skip(_: object) -> None:
        """A demand."""
        raise CheckSkipped("it does not apply")

    def refuse(_: object) -> None:
        """A demand."""
        raise UserError("the set is not there")

    def crash(_: object) -> None:
        """A demand."""
        raise ZeroDivisionError("a bug")

    with pytest.raises(pytest.fail.Exception, match="fair: demand: the set is not there\nA demand.\nTo fix it: Do it."):
        as_test(Check("demand", refuse, "Do it."), bench)()
    with pytest.raises(ZeroDivisionError, match="a bug") as crashed:
        as_test(Check("demand", crash, "Do it."), bench)()
    assert crashed.value.__notes__ == ["A demand.\nTo fix it: Do it."]
    with pytest.raises(pytest.fail.Exception, match="fair: demand: it is wrong\nA demand.\nTo fix it: Do it."):
        as_test(Check("demand", fail, "Do it."), bench)()
    with pytest.raises(pytest.skip.Exception, match="it does not apply"):
        as_test(Check("demand", skip, "Do it."), bench)()
