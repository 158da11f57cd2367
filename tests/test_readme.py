"""What the README shows works as shown."""

from __future__ import annotations

import sys
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest
import toyplugin
from pages import REPOSITORY, blocks

from adbench import api
from adbench.planning.options import RunOptions
from adbench.registry.cards import load_registry
from adbench.registry.loading import load_plugins


def test_the_method_of_the_readme_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    code = [block.text for block in blocks(REPOSITORY / "README.md") if "adbench.hookimpl" in block.text]
    (tmp_path / "bright.py").write_text(code[0])
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "bright", raising=False)
    registry = load_registry(load_plugins([toyplugin.entry_point(), EntryPoint("bright", "bright", "adbench")]))
    options = RunOptions(methods=("bright",), datasets=("toys",), out=tmp_path / "run", device="cpu")
    run = api.execute_plan(api.plan(options, registry), options, registry)
    assert run.failed == []
    frame = run.frame()
    assert frame[frame.metric.str.endswith("auroc")].value.min() > 0.6
