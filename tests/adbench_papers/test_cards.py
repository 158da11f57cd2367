"""The plugin's files are those of the checkout; in the wheel they lie inside the package."""

from __future__ import annotations

import tomllib
from pathlib import Path

import adbench_papers

REPOSITORY = Path(__file__).resolve().parents[2]


def test_every_file_is_a_card() -> None:
    suites = {card.name: card.file for card in adbench_papers.adbench_suites()}
    assert suites == {file.stem: file for file in (REPOSITORY / "benchmarks" / "suites").iterdir()}
    published = {card.name: card.file for card in adbench_papers.adbench_published()}
    assert published == {file.stem: file for file in (REPOSITORY / "benchmarks" / "published").iterdir()}


def test_the_wheel_carries_them() -> None:
    build = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["hatch"]["build"]
    included = build["targets"]["wheel"]["force-include"]
    assert included == {f"benchmarks/{name}": f"adbench_papers/{name}" for name in ("suites", "published")}


def test_files_inside_the_package_come_first(tmp_path: Path, monkeypatch) -> None:
    (tmp_path / "suites").mkdir()
    (tmp_path / "suites" / "one.toml").touch()
    monkeypatch.setattr(adbench_papers, "HERE", tmp_path)
    assert [card.name for card in adbench_papers.adbench_suites()] == ["one"]
