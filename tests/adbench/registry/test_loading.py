"""Plugins are loaded one by one; a broken one is explained and left out."""

from __future__ import annotations

import sys
import types
from importlib.metadata import EntryPoint

import pytest
from toyplugin import entry_point

import adbench
from adbench.registry.cards import load_registry
from adbench.registry.loading import load_plugins


@pytest.fixture
def module(monkeypatch: pytest.MonkeyPatch):
    """Make an importable plugin module of some functions."""

    def make(name: str, **functions) -> EntryPoint:
        made = types.ModuleType(name)
        for attribute, function in functions.items():
            setattr(made, attribute, adbench.hookimpl(function))
        monkeypatch.setitem(sys.modules, name, made)
        return EntryPoint(name, name, "adbench")

    return make


def card(name: str = "x") -> adbench.DetectorCard:
    return adbench.DetectorCard(name=name, title=name, factory="x:y", tracks=("full-normal",))


def test_a_broken_plugin_is_reported_and_the_others_load() -> None:
    plugins = load_plugins([entry_point(), EntryPoint("gone", "no_such_module", "adbench")])
    assert [plugin.name for plugin in plugins.failed()] == ["gone"]
    assert "no_such_module" in plugins.failed()[0].error
    assert "peak" in load_registry(plugins).detectors


def test_a_plugin_that_exits_at_import_is_isolated(tmp_path, monkeypatch) -> None:
    (tmp_path / "exits.py").write_text("raise SystemExit(3)")
    monkeypatch.syspath_prepend(str(tmp_path))
    assert "SystemExit" in load_plugins([EntryPoint("exits", "exits", "adbench")]).failed()[0].error


def test_the_line_that_raised_is_named(tmp_path, monkeypatch) -> None:
    (tmp_path / "buggy.py").write_text("import adbench\n\nCARD = adbench.DetectorCard(nme='x')\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    error = load_plugins([EntryPoint("buggy", "buggy", "adbench")]).failed()[0].error
    assert error.startswith("TypeError: ")
    assert error.endswith(f"({tmp_path / 'buggy.py'}, line 3)")


def test_an_unknown_hook_is_an_error(module) -> None:
    def misspelt():
        return []

    plugins = load_plugins([module("typo", adbench_detectorz=misspelt)])
    error = plugins.failed()[0].error
    assert "unknown hook 'adbench_detectorz'" in error
    assert error.endswith("the hooks are adbench_datasets, adbench_detectors, adbench_weights")


def test_a_hook_with_unknown_arguments_is_an_error(module) -> None:
    plugins = load_plugins([module("args", adbench_detectors=lambda surprise: [])])
    assert "surprise" in plugins.failed()[0].error


def test_a_plugin_without_hooks_is_an_error(module) -> None:
    assert "implements no hook" in load_plugins([module("empty")]).failed()[0].error


@pytest.mark.parametrize("returned", [["not a card"], None, [adbench.WeightsCard(name="w", file="w")]])
def test_a_hook_that_returns_nonsense_takes_only_its_plugin_down(module, returned) -> None:
    plugins = load_plugins([entry_point(), module("nonsense", adbench_detectors=lambda: returned)])
    registry = load_registry(plugins)
    assert [plugin.name for plugin in plugins.failed()] == ["nonsense"]
    assert "peak" in registry.detectors


def test_a_hook_that_raises_takes_only_its_plugin_down(module) -> None:
    def broken():
        raise RuntimeError("boom")

    plugins = load_plugins([entry_point(), module("raises", adbench_datasets=broken)])
    assert "toy-a" in load_registry(plugins).datasets
    assert "boom" in plugins.failed()[0].error


def test_duplicate_entry_points_raise() -> None:
    with pytest.raises(adbench.UserError, match="Two plugins are called 'toys'"):
        load_plugins([entry_point(), EntryPoint("toys", "json", "adbench")])


def test_duplicate_cards_raise_naming_the_card(module) -> None:
    plugins = load_plugins([entry_point(), module("twin", adbench_detectors=lambda: [card("peak")])])
    with pytest.raises(adbench.UserError, match="'peak'"):
        load_registry(plugins)


def test_equal_cards_of_weights_count_as_one_and_others_raise(module) -> None:
    shared, changed = (adbench.WeightsCard(name="shared", file="shared.pt", licence=licence) for licence in ("MIT", "GPL"))
    first, second = (module(name, adbench_weights=lambda: [shared]) for name in ("first", "second"))
    registry = load_registry(load_plugins([first, second]))
    assert registry.weights == {"shared": shared}
    assert registry.origins["weights shared"] == registry.plugins.loaded[0].distribution
    other = module("other", adbench_weights=lambda: [changed])
    with pytest.raises(adbench.UserError, match="Two weights cards are called 'shared'"):
        load_registry(load_plugins([first, other]))


def test_the_environment_limits_what_is_loaded(module, monkeypatch) -> None:
    other = module("other", adbench_detectors=lambda: [card()])
    monkeypatch.setenv("ADBENCH_PLUGINS", "other")
    assert [plugin.name for plugin in load_plugins([entry_point(), other]).loaded] == ["other"]
    monkeypatch.setenv("ADBENCH_PLUGINS", "")
    assert load_plugins([entry_point(), other]).loaded == []
    monkeypatch.setenv("ADBENCH_PLUGINS", "othr")
    with pytest.raises(adbench.UserError, match="Did you mean 'other'"):
        load_plugins([entry_point(), other])


def test_strict_plugins_make_a_broken_one_fatal(monkeypatch) -> None:
    monkeypatch.setenv("ADBENCH_STRICT_PLUGINS", "1")
    with pytest.raises(adbench.UserError, match="gone"):
        load_plugins([EntryPoint("gone", "no_such_module", "adbench")])
