"""A check that a card expects to fail: run, shown with its reason, and a failure once it passes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from functools import partial
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest
from command import call_command
from exempt import REASON
from faultydatasets import card as dataset_card
from faultydetectors import card

from adbench import UserError
from adbench.registry.cards import load_registry
from adbench.registry.loading import load_plugins
from adbench.testing import check_dataset, check_detector

ENTRY = EntryPoint("exempt", "exempt", "adbench")
CONFTEST = """
import adbench.registry.loading
from importlib.metadata import EntryPoint
adbench.registry.loading.entry_points = lambda group: [EntryPoint("exempt", "exempt", "adbench")]
"""
AUTHORS = """
from adbench.testing import parametrize_with_checks

@parametrize_with_checks("honest", "outdated", only=["groups-disjoint", "train-normal"])
def test_conformance(check):
    check()
"""


@pytest.fixture
def adbench(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    """The command with only these two sets; gives exit code, stdout, stderr."""
    monkeypatch.setattr("adbench.registry.loading.entry_points", lambda group: [ENTRY])
    return partial(call_command, monkeypatch, capsys, "plugins", "check")


def test_a_detector() -> None:
    (result,) = check_detector(
        card(citation="", expected_failed_checks={"card-complete": "nobody wrote it"}), only=["card-complete"]
    )
    assert (result.status, result.reason, result.mend) == ("xfailed", "expected failure: nobody wrote it", "")
    (result,) = check_detector(card(expected_failed_checks={"card-complete": "nobody wrote it"}), only=["card-complete"])
    assert (result.status, result.reason) == ("failed", "it passes, and the card expects it to fail: nobody wrote it")
    assert result.mend == "Remove the check from `expected_failed_checks` on the card."


def test_a_check_that_does_not_apply_stays_skipped() -> None:
    (result,) = check_detector(card(expected_failed_checks={"import-cost": "slow"}), only=["import-cost"])
    assert result.status == "skipped"


@pytest.mark.parametrize(
    ("checks", "message"),
    [
        ({"determinstic": "why"}, "names 'determinstic', which is not a check. Did you mean 'deterministic'"),
        ({"deterministic": " "}, "gives no reason for 'deterministic'"),
        ({"deterministic": None}, "gives no reason for 'deterministic'"),
        ({"ids-unique": "of datasets"}, "names 'ids-unique', which is not a check"),
    ],
)
def test_an_unknown_check_or_an_empty_reason_is_an_error(checks: dict, message: str) -> None:
    with pytest.raises(UserError, match=message):
        check_detector(card(expected_failed_checks=checks))


def test_of_a_dataset_too() -> None:
    with pytest.raises(UserError, match="names 'ids-uniqe', which is not a check. Did you mean 'ids-unique'"):
        check_dataset(dataset_card(expected_failed_checks={"ids-uniqe": "why"}))
    registry = load_registry(load_plugins([ENTRY]))
    results = {result.check: result for result in check_dataset("honest", registry=registry, only=["groups-disjoint"])}
    assert results["groups-disjoint"].reason == f"expected failure: {REASON}"


def test_the_command_shows_it_and_exits_0(adbench) -> None:
    code, out, err = adbench("honest", "--only", "groups-disjoint")
    assert (code, out) == (0, f"xfailed  honest: groups-disjoint: expected failure: {REASON}\n")
    assert err == "1 checks, 0 failed, 1 as expected\n"
    code, out, _ = adbench("outdated", "--only", "train-normal", "--json")
    assert code == 1
    assert json.loads(out)[0]["reason"] == "it passes, and the card expects it to fail: its train split has lesions"


@pytest.mark.slow
def test_pytest_sees_an_xfail_and_a_failure(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text(CONFTEST)
    (tmp_path / "test_own.py").write_text(AUTHORS)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    environment.pop("PYTEST_ADDOPTS", None)
    command = [sys.executable, "-m", "pytest", "-p", "adbench.testing.pytest_plugin", "-p", "no:cacheprovider", "-v", "-rx"]
    done = subprocess.run([*command, "--adbench", "honest"], cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert "test_conformance[honest-groups-disjoint] XFAIL" in done.stdout
    assert "adbench/honest::groups-disjoint XFAIL" in done.stdout
    assert f"expected failure: {REASON}" in done.stdout
    assert "test_conformance[outdated-train-normal] FAILED" in done.stdout
    assert "it passes, and the card expects it to fail: its train split has lesions" in done.stdout
