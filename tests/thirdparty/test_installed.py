"""A distribution of somebody else's: built as a wheel, installed beside adbench, discovered, checked, run."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from freshenv import Environment, adbench_environment

HERE = Path(__file__).parent
HOOKS = ("datasets", "detectors", "executors", "metrics", "published", "suites")
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """With adbench."""
    return adbench_environment(tmp_path_factory.mktemp("installed"))


def test_a_wheel_of_a_third_party(environment: Environment) -> None:
    environment.install_wheel(HERE / "adbench-lattice")
    plugin = next(entry for entry in json.loads(environment.adbench("plugins", "--json")) if entry["name"] == "lattice")
    assert (plugin["distribution"], plugin["version"], plugin["error"]) == ("adbench-lattice", "1.2.3", "")
    assert plugin["hooks"] == [f"adbench_{what}" for what in HOOKS]

    results = json.loads(environment.adbench("plugins", "check", "lattice", "--json"))
    assert {result["subject"] for result in results} == {"lattice-z", "lattice-dots"}
    assert {result["check"] for result in results if result["status"] == "skipped"} <= {"devices-agree"}

    environment.adbench("run", "--methods", "lattice-z", "--datasets", "lattice-dots,phantom-resc", "--out", "run")
    rows = json.loads(environment.adbench("leaderboard", "run", "--format", "json"))
    # Missing dots are far darker than any deviation of the normal ones.
    figures = {row["metric"]: row["value"] for row in rows if row["dataset"] == "lattice-dots"}
    assert figures["image_auroc"] == 1.0
    assert figures["pixel_auroc"] > 0.5


def test_its_metric_suite_published_figures_and_executor(environment: Environment) -> None:
    """In an environment that has it, the one of the test above."""
    suites = {suite["name"]: suite for suite in json.loads(environment.adbench("suites", "--json"))}
    assert {"lattice-table", "demo", "mvfa-table1"} <= set(suites)
    environment.adbench("run", "--suite", "lattice-table", "--executor", "lattice-pool", "--seeds", "0,1", "--out", "table")
    rows = json.loads(environment.adbench("leaderboard", "table", "--metric", "image_margin", "--format", "json"))
    assert [(row["metric"], row["n_seeds"], row["rank"]) for row in rows] == [("image_margin", 2, "1")]
    assert rows[0]["value"] > 1
    assert "Margin: full-normal (preset paper)" in environment.adbench("leaderboard", "table", "--metric", "image_margin")
    published = {
        row["metric"]: row for row in json.loads(environment.adbench("leaderboard", "table", "--published", "--format", "json"))
    }
    assert (published["image_auroc"]["ours"], published["image_auroc"]["published"]) == (1.0, 0.995)
    assert published["image_margin"]["published"] == 12.5
    measured = json.loads(environment.adbench("metrics", "table", "--metric", "image_margin", "--format", "json"))
    assert {row["source"] for row in measured} == {"scores"}
    environment.adbench("run", "--suite", "lattice-table", "--executor", "process", "--out", "other")
    other = json.loads(environment.adbench("metrics", "other", "--metric", "image_margin", "--format", "json"))
    assert other[0]["value"] == next(row["value"] for row in measured if row["seed"] == 0)


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
        if not (environment.folder / "my-detector").exists():  # the other test may run elsewhere
            environment.adbench("plugins", "new", "my-detector", "--kind", "detector")
            environment.install_editable(environment.folder / "my-detector")
        environment.adbench("run", "--methods", "my-detector", "--datasets", name, "--out", "run-template")
        rows = json.loads(environment.adbench("leaderboard", "run-template", "--format", "json"))
        assert {row["method"] for row in rows} == {"my-detector"}


def test_pytest_takes_the_option(environment: Environment) -> None:
    """The plugin of pytest is found by its entry point."""
    (environment.folder / "empty").mkdir()
    said = environment.output("-m", "pytest", "-v", "--adbench", "phantom-resc", environment.folder / "empty")
    assert "adbench/phantom-resc::fingerprint-stable PASSED" in said
