"""What the tutorials tell a newcomer to do, done in a fresh environment: files written, commands run, in order."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import pytest
from freshenv import Environment, adbench_environment
from pages import REPOSITORY, blocks

pytestmark = [pytest.mark.slow, pytest.mark.anomalib]


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """With adbench."""
    return adbench_environment(tmp_path_factory.mktemp("tutorial"))


def follow(page: Path, environment: Environment) -> None:
    """Write every block that has a title to the file of that name, and run every shell line."""
    for block in blocks(page):
        if block.title:
            (environment.folder / block.title).write_text(block.text, encoding="utf-8")
        elif block.language == "bash":
            for line in block.text.splitlines():
                run(shlex.split(line), environment)


def run(words: list[str], environment: Environment) -> None:
    """One shell line; pip is replaced, as the environment shares what adbench depends on."""
    match words:
        case ["pip", "install", "-e", folder]:
            environment.install_editable(environment.folder / folder)
        case ["pip", "install", "pytest"]:
            pass  # shared, too
        case ["adbench", *arguments]:
            environment.adbench(*arguments)
        case ["pytest", folder]:
            environment.output("-m", "pytest", "-q", folder)
        case ["python", script]:
            environment.output(script)
        case _:
            pytest.fail(f"The tutorial has a line that nothing runs: {words}")


def measured(environment: Environment) -> dict[tuple[str, str], float]:
    """Image AUROC by method and dataset."""
    rows = json.loads(environment.adbench("leaderboard", "adbench-run", "--format", "json"))
    return {(row["variant"], row["dataset"]): row["value"] for row in rows if row["metric"] == "image_auroc"}


def test_write_a_detector(environment: Environment) -> None:
    follow(REPOSITORY / "docs" / "write-a-detector.md", environment)
    figures = measured(environment)
    phantoms = {dataset for _, dataset in figures}
    assert len(phantoms) == 6
    assert all(figures[method, dataset] is not None for method in ("knn-pixels", "patchcore") for dataset in phantoms)
    assert "knn-pixels[k=1]" in {method for method, _ in figures}


def test_extend(environment: Environment) -> None:
    follow(REPOSITORY / "docs" / "extend.md", environment)
    loaded = {plugin["name"]: plugin for plugin in json.loads(environment.adbench("plugins", "--json"))}
    assert (loaded["adbench_ward"]["error"], len(loaded["adbench_ward"]["hooks"])) == ("", 5)
    rows = json.loads(environment.adbench("leaderboard", "ward-run", "--metric", "image_youden", "--format", "json"))
    assert {row["dataset"]: -1 <= row["value"] <= 1 for row in rows} == {"phantom-brain": True, "phantom-resc": True}
    published = json.loads(environment.adbench("leaderboard", "ward-run", "--published", "--format", "json"))
    assert {row["metric"]: row["published"] for row in published} == {"image_auroc": 0.61, "image_youden": 0.25}


def test_write_a_dataset(environment: Environment) -> None:
    follow(REPOSITORY / "docs" / "write-a-dataset.md", environment)
    # A bright scratch on grey metal: a method that is given the right pixels and labels cannot miss it.
    assert measured(environment)["patchcore", "scratched-metal"] > 0.8
