"""Plugins are loaded one by one; a broken one is explained and left out."""

from __future__ import annotations

import sys
import types
from importlib.metadata import EntryPoint

import pytest
from toyplugin import entry_point

import adbench
from adbench.contracts import hookspecs
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
    assert error.endswith(f"the hooks are {', '.join(sorted(hookspecs.KINDS))}")


def test_a_hook_with_unknown_arguments_is_an_error(module) -> None:
    plugins = load_plugins([module("args", adbench_detectors=lambda surprise: [])])
    assert "surprise" in plugins.failed()[0].error


def test_a_plugin_without_hooks_is_an_error(module) -> None:
    assert "implements no hook" in load_plugins([module("empty")]).failed()[0].error


def nothing() -> list:
    return []


RUBBISH = {
    "no card": ["not a card"],
    "nothing": None,
    "a number": 3,
    "a text": "cards",
    "a card that is in no list": card(),
    "another card": [adbench.DatasetCard(name="x", title="x", factory="x:y", groups=None)],
    "a name that is none": [card(name=[])],
    "an empty name": [card(name=" ")],
    "one name twice": [card("twice"), card("twice")],
}


@pytest.mark.parametrize("hook", sorted(hookspecs.KINDS))
@pytest.mark.parametrize("returned", RUBBISH.values(), ids=RUBBISH)
def test_a_plugin_with_a_hook_that_returns_rubbish_is_left_out_whole(module, hook: str, returned: object) -> None:
    others = {name: nothing for name in hookspecs.KINDS if name != hook}
    plugins = load_plugins([entry_point(), module("rubbish", **others, **{hook: lambda: returned})])
    registry = load_registry(plugins)
    assert [plugin.name for plugin in plugins.failed()] == ["rubbish"]
    error = plugins.failed()[0].error
    assert error.startswith(f"{hook}: ")
    assert f"({__file__}, line " in error
    assert not plugins.manager.has_plugin("rubbish")
    assert "peak" in registry.detectors


@pytest.mark.parametrize("hook", sorted(hookspecs.KINDS))
@pytest.mark.parametrize("problem", [RuntimeError("boom"), SystemExit(3)], ids=["raises", "exits"])
def test_a_plugin_with_a_hook_that_raises_is_left_out_whole(module, hook: str, problem: BaseException) -> None:
    def broken():
        raise problem

    def late():
        yield card("early")
        raise problem

    for name, function in (("raises", broken), ("late", late)):
        plugins = load_plugins(
            [entry_point(), module(name, **{"adbench_detectors": lambda: [card("half")], hook: function})],
        )
        registry = load_registry(plugins)
        assert [plugin.name for plugin in plugins.failed()] == [name]
        if name == "raises" or hook == "adbench_detectors":
            assert type(problem).__name__ in plugins.failed()[0].error
        assert "peak" in registry.detectors
        assert not {"half", "early"} & set(registry.detectors)


def test_hooks_go_by_the_name_of_their_specification(module) -> None:
    def mine():
        return [card("mine")]

    made = module("renamed")
    sys.modules["renamed"].mine = adbench.hookimpl(mine, specname="adbench_detectors")
    plugins = load_plugins([made])
    assert plugins.loaded[0].hooks == ("adbench_detectors",)
    assert set(load_registry(plugins).detectors) == {"mine"}


def test_the_order_of_plugins_is_that_of_names_but_for_first_and_last(module) -> None:
    entries = []
    for name, options in {"a": {}, "b": {}, "c": {"tryfirst": True}, "d": {}, "b2": {"trylast": True}}.items():
        entries.append(module(f"order_{name}"))
        made = adbench.hookimpl(lambda name=name: [card(name)], **options, specname="adbench_detectors")
        sys.modules[f"order_{name}"].adbench_detectors = made
    assert list(load_registry(load_plugins(entries)).detectors) == ["c", "a", "b", "d", "b2"]


def test_a_wrapper_sees_what_its_own_plugin_brings(module) -> None:
    def wrapping():
        found = yield
        return [[card(f"wrapped-{one.name}") for one in part] for part in found]

    made = module("wraps", adbench_detectors=lambda: [card("plain")])
    sys.modules["wraps"].wrapping = adbench.hookimpl(wrapping, wrapper=True, specname="adbench_detectors")
    registry = load_registry(load_plugins([entry_point(), made]))
    assert "wrapped-plain" in registry.detectors
    assert "peak" in registry.detectors
    assert not {"plain", "wrapped-peak"} & set(registry.detectors)


def test_what_a_plugin_prints_does_not_reach_stdout(tmp_path, monkeypatch, capsys) -> None:
    (tmp_path / "talkative_module.py").write_text(
        "import adbench\nprint('hello from import')\n\n"
        "@adbench.hookimpl\ndef adbench_detectors():\n    print('hello from hook')\n    return []\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    assert load_plugins([EntryPoint("talkative", "talkative_module", "adbench")]).failed() == []
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.split("\n")[:2] == ["hello from import", "hello from hook"]


def test_duplicate_entry_points_raise() -> None:
    with pytest.raises(adbench.UserError, match="Two plugins are called 'toys'"):
        load_plugins([entry_point(), EntryPoint("toys", "json", "adbench")])


def test_duplicate_cards_raise_naming_the_card(module) -> None:
    plugins = load_plugins([entry_point(), module("twin", adbench_detectors=lambda: [card("peak")])])
    with pytest.raises(adbench.UserError, match="'peak'"):
        load_registry(plugins)


def test_equal_cards_of_weights_count_as_one(module) -> None:
    def weights(**changes) -> list[adbench.WeightsCard]:
        return [adbench.WeightsCard(name="shared", file="shared.safetensors", **changes)]

    two = [module("one", adbench_weights=weights), module("two", adbench_weights=weights)]
    assert set(load_registry(load_plugins(two)).weights) == {"shared"}
    other = module("other", adbench_weights=lambda: weights(url="elsewhere"))
    with pytest.raises(adbench.UserError, match="Two weights cards are called 'shared'"):
        load_registry(load_plugins([two[0], other]))


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


@pytest.mark.parametrize("name", ["all", "bmad"])
def test_a_set_with_the_name_of_a_group_is_refused_and_its_package_named(module, name: str) -> None:
    def sets():
        grouped = adbench.DatasetCard(name="x", title="x", factory="x:y", groups=("bmad",))
        return [grouped, adbench.DatasetCard(name=name, title=name, factory="x:y")]

    with pytest.raises(adbench.UserError, match=f"The dataset '{name}' of .* has the name of a group: rename it"):
        load_registry(load_plugins([module("clash", adbench_datasets=sets)]))
