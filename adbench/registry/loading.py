"""Find plugins, load them one by one, and explain those that fail."""

from __future__ import annotations

import importlib
import os
import time
import traceback
from collections.abc import Iterable
from dataclasses import dataclass, field
from importlib.metadata import EntryPoint, entry_points
from importlib.resources import files
from pathlib import Path
from typing import Any

import pluggy

from adbench.contracts import hookspecs
from adbench.errors import UserError, did_you_mean

MACHINERY = {Path(str(files("adbench"))), *(Path(module.__file__).parent for module in (importlib, pluggy) if module.__file__)}


@dataclass(frozen=True)
class LoadedPlugin:
    """What became of one entry point.

    Attributes:
        name: of the entry point.
        distribution, version: what was installed with pip to get it.
        seconds: time to import and register.
        hooks: names of the hooks that it implements.
        error: why it could not be loaded, or "".
    """

    name: str
    distribution: str
    version: str
    seconds: float = 0.0
    hooks: tuple[str, ...] = ()
    error: str = ""


@dataclass
class Plugins:
    """The plugin manager and the record of what was loaded."""

    manager: pluggy.PluginManager
    loaded: list[LoadedPlugin] = field(default_factory=list)

    def failed(self) -> list[LoadedPlugin]:
        """The plugins that could not be loaded."""
        return [plugin for plugin in self.loaded if plugin.error]

    def results(self, hook: str, kind: type) -> list[tuple[str, list[Any]]]:
        """(distribution, cards of class `kind`) of every plugin that implements the hook.

        A hook that raises, or returns anything else, takes only its own plugin down: it joins the failed ones.
        """
        collected = []
        for plugin in list(self.loaded):
            module = self.manager.get_plugin(plugin.name)
            if plugin.error or module is None or hook not in plugin.hooks:
                continue
            try:
                cards = list(getattr(module, hook)())
                wrong = next((card for card in cards if not isinstance(card, kind)), None)
                if wrong is not None:
                    raise TypeError(f"{wrong!r} is no {kind.__name__}")
                collected.append((plugin.distribution, cards))
            except Exception as error:
                self._fail(plugin, f"{hook}: {_sentence(error)}")
        return collected

    def _fail(self, plugin: LoadedPlugin, error: str) -> None:
        position = self.loaded.index(plugin)
        self.loaded[position] = LoadedPlugin(plugin.name, plugin.distribution, plugin.version, plugin.seconds, (), error)
        self.manager.unregister(name=plugin.name)


def load_plugins(candidates: Iterable[EntryPoint] | None = None) -> Plugins:
    """Load the entry points of the group `adbench`, or those that ADBENCH_PLUGINS names (comma-separated; empty: none).

    A plugin that cannot be imported, or whose hooks are unknown or have wrong arguments, is recorded with the reason
    and left out; with ADBENCH_STRICT_PLUGINS=1 it raises. Two plugins of one name raise, naming both distributions.
    """
    found = sorted(entry_points(group=hookspecs.GROUP) if candidates is None else candidates, key=lambda e: e.name)
    _refuse_duplicates(found)
    wanted = os.environ.get("ADBENCH_PLUGINS")
    if wanted is not None:
        names = {name.strip() for name in wanted.split(",") if name.strip()}
        for name in sorted(names - {entry.name for entry in found}):
            raise UserError(f"ADBENCH_PLUGINS names no installed plugin: {name!r}.{did_you_mean(name, [e.name for e in found])}")
        found = [entry for entry in found if entry.name in names]
    manager = pluggy.PluginManager(hookspecs.GROUP)
    manager.add_hookspecs(hookspecs)
    plugins = Plugins(manager)
    for entry in found:
        plugins.loaded.append(_load(manager, entry))
    failed = plugins.failed()
    if failed and os.environ.get("ADBENCH_STRICT_PLUGINS") == "1":
        raise UserError("; ".join(f"plugin {p.name!r} of {p.distribution} failed: {p.error}" for p in failed))
    return plugins


def _load(manager: pluggy.PluginManager, entry: EntryPoint) -> LoadedPlugin:
    distribution = entry.dist.name if entry.dist else "unknown"
    version = entry.dist.version if entry.dist else ""
    start = time.perf_counter()
    try:
        module = entry.load()
        manager.register(module, name=entry.name)
        # Without this a misspelt hook would be ignored without a word.
        manager.check_pending()
        hooks = tuple(sorted(caller.name for caller in manager.get_hookcallers(module) or []))
        error = "" if hooks else f"{entry.value} implements no hook: mark its functions with @adbench.hookimpl"
    except pluggy.PluginValidationError as problem:
        known = sorted(name for name in vars(hookspecs) if name.startswith("adbench_"))
        hooks, error = (), f"{_sentence(problem)}; the hooks are {', '.join(known)}"
    except (Exception, SystemExit) as problem:
        hooks, error = (), _sentence(problem)
    if error and manager.has_plugin(entry.name):
        manager.unregister(name=entry.name)
    return LoadedPlugin(entry.name, distribution, version, time.perf_counter() - start, hooks, error)


def _sentence(problem: BaseException) -> str:
    """What was raised, and the last line that is neither ours nor of the machinery of imports and hooks."""
    frames = [
        frame
        for frame in traceback.extract_tb(problem.__traceback__)
        if not frame.filename.startswith("<") and not MACHINERY & set(Path(frame.filename).parents)
    ]
    where = f" ({frames[-1].filename}, line {frames[-1].lineno})" if frames else ""
    return f"{type(problem).__name__}: {' '.join(str(problem).split())}{where}"


def _refuse_duplicates(found: list[EntryPoint]) -> None:
    seen: dict[str, EntryPoint] = {}
    for entry in found:
        other = seen.setdefault(entry.name, entry)
        if other is not entry and (other.value, _owner(other)) != (entry.value, _owner(entry)):
            raise UserError(
                f"Two plugins are called {entry.name!r}: one of {_owner(other)}, one of {_owner(entry)}. Uninstall one, "
                "or rename its entry point."
            )


def _owner(entry: EntryPoint) -> str:
    return entry.dist.name if entry.dist else entry.value
