"""What is said of the project in several files is the same in all of them."""

from __future__ import annotations

import configparser
import importlib.util
import itertools
import re
import tomllib
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml
from pages import REPOSITORY

PROJECT = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))
WORKFLOWS = sorted((REPOSITORY / ".github" / "workflows").glob("*.yml"))
YAML = [*sorted((REPOSITORY / ".github").rglob("*.yml")), REPOSITORY / ".pre-commit-config.yaml", REPOSITORY / "CITATION.cff"]


def content(path: str | Path) -> Any:
    return yaml.safe_load((REPOSITORY / path).read_text(encoding="utf-8"))


def tox_environments() -> set[str]:
    """What `tox list` shows: the default ones, and each section with its braces written out."""
    parsed = configparser.ConfigParser(interpolation=None)
    parsed.read(REPOSITORY / "tox.ini", encoding="utf-8")
    names = set(re.split(r"[,\s]+", parsed["tox"]["env_list"].strip()))
    for section in parsed.sections():
        if section.startswith("testenv:"):
            parts = re.split(r"\{(.*?)\}", section.removeprefix("testenv:"))
            names |= {"".join(chosen) for chosen in itertools.product(*(part.split(",") for part in parts))}
    return names


def ci_jobs() -> list[dict[str, str]]:
    """The rows of the matrix of ci.yml: `env` and `python`."""
    return content(".github/workflows/ci.yml")["jobs"]["tox"]["strategy"]["matrix"]["include"]


def pythons() -> list[str]:
    """The versions that the classifiers name."""
    found = (re.fullmatch(r"Programming Language :: Python :: (3\.\d+)", each) for each in PROJECT["project"]["classifiers"])
    return [each[1] for each in found if each]


@pytest.mark.parametrize("path", [path.relative_to(REPOSITORY).as_posix() for path in YAML])
def test_yaml_parses(path: str) -> None:
    assert isinstance(content(path), dict)


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_a_workflow_reads_only_and_ends(path: Path) -> None:
    """More than reading is granted to single jobs, each has a time limit, and no action is taken from a branch in motion."""
    workflow = content(path)
    assert workflow["permissions"] == {"contents": "read"}
    assert all("timeout-minutes" in job for job in workflow["jobs"].values())
    used = [step["uses"] for job in workflow["jobs"].values() for step in job["steps"] if "uses" in step]
    assert [action for action in used if not re.search(r"@(release/)?v\d+$", action)] == []


def test_only_publishing_has_an_identity() -> None:
    jobs = content(".github/workflows/release.yml")["jobs"]
    assert {name for name, job in jobs.items() if "id-token" in job.get("permissions", {})} == {"publish"}
    assert jobs["publish"]["environment"] == "release"


def test_ci_runs_environments_that_exist() -> None:
    named = {job["env"] for job in ci_jobs()}
    assert named <= tox_environments()
    assert named >= {"lint", "docs", "lowest", "py311"}


def test_ci_runs_the_fast_suite_on_every_python_that_is_named() -> None:
    assert {job["env"]: job["python"] for job in ci_jobs() if job["env"].startswith("unit")} == {
        f"unit-py{version.replace('.', '')}": version for version in pythons()
    }
    assert PROJECT["project"]["requires-python"] == f">={pythons()[0]}"


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md"])
def test_environments_that_a_page_names_exist(page: str) -> None:
    named = re.findall(r"\btox (?:run )?-e (\S+?)[`\s]", (REPOSITORY / page).read_text(encoding="utf-8"))
    assert set(",".join(named).split(",")) - {""} <= tox_environments()


def test_one_ruff_for_commits_and_for_ci() -> None:
    hooks = {repository["repo"].rpartition("/")[2]: repository for repository in content(".pre-commit-config.yaml")["repos"]}
    assert f"ruff=={hooks['ruff-pre-commit']['rev'].removeprefix('v')}" in PROJECT["dependency-groups"]["lint"]


def test_every_dependency_has_a_lower_bound() -> None:
    """`tox -e lowest` installs these; without one it would take a version of long ago."""
    project = PROJECT["project"]
    wanted = [*project["dependencies"], *itertools.chain(*project["optional-dependencies"].values())]
    wanted += PROJECT["dependency-groups"]["tests"]
    assert [requirement for requirement in wanted if ">=" not in requirement] == []


def test_the_version_to_cite_is_that_of_the_project() -> None:
    assert content("CITATION.cff")["version"] == PROJECT["project"]["version"]


@pytest.fixture
def release(tmp_path: Path) -> ModuleType:
    """The script, and a checkout of version 1.2.0 in `tmp_path`."""
    spec = importlib.util.spec_from_file_location("release_notes", REPOSITORY / ".ci" / "release_notes.py")
    assert spec is not None
    assert spec.loader is not None
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    (tmp_path / "pyproject.toml").write_text('[project]\nversion = "1.2.0"\n')
    (tmp_path / "CITATION.cff").write_text("cff-version: 1.2.0\nversion: 1.2.0\n")
    (tmp_path / "CHANGELOG.md").write_text("# Changelog\n\n## 1.2.0 (2026-03-01)\n\n- New.\n\n## 1.1.0 (2026-02-01)\n\n- Old.\n")
    return script


def test_release_notes_are_those_of_the_version(release: ModuleType, tmp_path: Path) -> None:
    assert release.release_notes(tmp_path, "v1.2.0") == "- New.\n"


@pytest.mark.parametrize(
    ("file", "old", "new", "said"),
    [
        ("pyproject.toml", "1.2.0", "1.3.0", "The tag is v1.2.0, but pyproject.toml has version 1.3.0"),
        ("CITATION.cff", "\nversion: 1.2.0", "\nversion: 1.1.0", "CITATION.cff has version 1.1.0: make it 1.2.0"),
        ("CHANGELOG.md", "2026-03-01", "unreleased", "put the date there"),
        ("CHANGELOG.md", "## 1.2.0", "## 1.2", "has no heading '## 1.2.0"),
    ],
)
def test_what_does_not_agree_is_not_released(
    release: ModuleType, tmp_path: Path, file: str, old: str, new: str, said: str
) -> None:
    (tmp_path / file).write_text((tmp_path / file).read_text().replace(old, new))
    with pytest.raises(release.NotReadyError, match=re.escape(said)):
        release.release_notes(tmp_path, "v1.2.0")


def test_this_checkout_could_be_released_but_for_its_date(release: ModuleType) -> None:
    """The headings of the real files are found; a version that is out has its date."""
    tag = f"v{PROJECT['project']['version']}"
    try:
        assert release.release_notes(REPOSITORY, tag).startswith("- ")
    except release.NotReadyError as problem:
        assert "put the date there" in str(problem)  # noqa: PT017
