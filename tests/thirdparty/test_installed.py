"""A distribution of somebody else's: built as a wheel, installed beside adbench, discovered, checked, run."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from freshenv import Environment, adbench_environment

HERE = Path(__file__).parent
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """With adbench."""
    return adbench_environment(tmp_path_factory.mktemp("installed"))


def test_a_wheel_of_a_third_party(environment: Environment) -> None:
    environment.install_wheel(HERE / "adbench-lattice")
    plugin = next(entry for entry in json.loads(environment.adbench("plugins", "--json")) if entry["name"] == "lattice")
    assert (plugin["distribution"], plugin["version"], plugin["error"]) == ("adbench-lattice", "1.2.3", "")
    assert plugin["hooks"] == ["adbench_datasets", "adbench_detectors"]

    results = json.loads(environment.adbench("plugins", "check", "lattice", "--json"))
    assert {result["subject"] for result in results} == {"lattice-z", "lattice-dots"}
    assert {result["check"] for result in results if result["status"] == "skipped"} <= {"devices-agree"}

    environment.adbench("run", "--methods", "lattice-z", "--datasets", "lattice-dots,phantom-resc", "--out", "run")
    rows = json.loads(environment.adbench("leaderboard", "run", "--format", "json"))
    # Missing dots are far darker than any deviation of the normal ones.
    figures = {row["metric"]: row["value"] for row in rows if row["dataset"] == "lattice-dots"}
    assert figures["image_auroc"] == 1.0
    assert figures["pixel_auroc"] > 0.5


@pytest.mark.parametrize("kind", ["detector", "dataset"])
def test_a_plugin_from_the_template(environment: Environment, kind: str) -> None:
    name = f"my-{kind}"
    environment.adbench("plugins", "new", name, "--kind", kind)
    environment.install_editable(environment.folder / name)
    results = json.loads(environment.adbench("plugins", "check", name, "--json"))
    assert {result["subject"] for result in results} == {name}
    own = environment.output("-m", "pytest", "-q", environment.folder / name)
    counted = re.search(r"(\d+) passed", own)
    assert counted
    assert int(counted[1]) > 12, "the checks run as tests of the author's own"
    if kind == "dataset":
        environment.adbench("run", "--methods", "my-detector", "--datasets", name, "--out", "run-template")
        rows = json.loads(environment.adbench("leaderboard", "run-template", "--format", "json"))
        assert {row["method"] for row in rows} == {"my-detector"}


def test_pytest_takes_the_option(environment: Environment) -> None:
    """The plugin of pytest is found by its entry point."""
    (environment.folder / "empty").mkdir()
    said = environment.output("-m", "pytest", "-v", "--adbench", "phantom-resc", environment.folder / "empty")
    assert "adbench/phantom-resc::fingerprint-stable PASSED" in said
