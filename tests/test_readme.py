"""What the README shows works as shown."""

from __future__ import annotations

import re
import sys
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest
import toyplugin

from adbench import api
from adbench.options import RunOptions
from adbench.plugins import load_plugins
from adbench.registry import load_registry

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, re.S)


def test_the_method_of_the_readme_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "bright.py").write_text(blocks("python")[1])
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "bright", raising=False)
    registry = load_registry(load_plugins([toyplugin.entry_point(), EntryPoint("bright", "bright", "adbench")]))
    options = RunOptions(methods=("bright",), datasets=("toys",), out=tmp_path / "run", device="cpu")
    run = api.execute_plan(api.plan(options, registry), options, registry)
    assert run.failed == []
    frame = run.frame()
    assert frame[frame.metric.str.endswith("auroc")].value.min() > 0.6


def test_links_to_files_exist() -> None:
    for target in re.findall(r"\]\((?!https?:)([^)#]+)\)", README):
        assert (Path(__file__).parents[1] / target).exists(), target


def test_every_option_that_it_names_exists() -> None:
    from typer.main import get_command

    from adbench.cli.main import app

    known = {option for command in get_command(app).commands.values() for p in command.params for option in p.opts}
    named = set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", README))
    assert named - known <= {"--help"}
