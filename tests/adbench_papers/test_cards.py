"""The plugin's files are those of the checkout; in the wheel they lie inside the package."""

from __future__ import annotations

import tomllib
from pathlib import Path

import adbench_papers

REPOSITORY = Path(__file__).resolve().parents[2]


def test_every_file_is_a_card() -> None:
    brought = {"suites": adbench_papers.adbench_suites(), "published": adbench_papers.adbench_published()}
    for folder, cards in brought.items():
        theirs = {file.stem: file.read_text(encoding="utf-8") for file in (REPOSITORY / "benchmarks" / folder).iterdir()}
        assert theirs
        assert {card.name: card.file.read_text(encoding="utf-8") for card in cards} == theirs


def test_the_wheel_carries_them() -> None:
    build = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["hatch"]["build"]
    included = build["targets"]["wheel"]["force-include"]
    assert included == {f"benchmarks/{name}": f"adbench_papers/{name}" for name in ("suites", "published")}


def test_files_inside_the_package_come_first(tmp_path: Path, monkeypatch) -> None:
    (tmp_path / "suites").mkdir()
    (tmp_path / "suites" / "one.toml").touch()
    monkeypatch.setattr(adbench_papers, "HERE", tmp_path)
    assert [card.name for card in adbench_papers.adbench_suites()] == ["one"]
