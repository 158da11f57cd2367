"""Find plugins, load them and their cards one by one, and explain those that fail."""

from __future__ import annotations

import importlib
import os
import sys
import time
import traceback
from collections.abc import Callable, Iterable
from contextlib import redirect_stdout
from dataclasses import dataclass, field
from importlib.metadata import EntryPoint, entry_points
from importlib.resources import files
from pathlib import Path
from typing import Any

import pluggy

from adbench.contracts import hookspecs
from adbench.errors import UserError, did_you_mean
from adbench.registry.flaws import checked

MACHINERY = {Path(str(files("adbench"))), *(Path(module.__file__).parent for module in (importlib, pluggy) if module.__file__)}


@dataclass(frozen=True)
class LoadedPlugin:
    """How loading one entry point went.

    Attributes:
        name: of the entry point.
        distribution, version: the pip package that it comes from.
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
    """The plugin manager and what was loaded with it.

    Attributes:
        manager: holds the plugins that loaded without error.
        loaded: how each entry point went, by name.
        entries: plugin name to the module (or object) that its entry point names.
        brought: plugin name to hook to cards.
    """

    manager: pluggy.PluginManager
    loaded: list[LoadedPlugin] = field(default_factory=list)
    entries: dict[str, str] = field(default_factory=dict)
    brought: dict[str, dict[str, list[Any]]] = field(default_factory=dict)

    def failed(self) -> list[LoadedPlugin]:
        """The plugins that could not be loaded."""
        return [plugin for plugin in self.loaded if plugin.error]

    def results(self, hook: str) -> list[tuple[LoadedPlugin, list[Any]]]:
        """(plugin, its cards) of every plugin that implements the hook: by name, but `tryfirst` first and `trylast` last."""
        plugins = {plugin.name: plugin for plugin in self.loaded}
        names = [impl.plugin_name for impl in reversed(getattr(self.manager.hook, hook).get_hookimpls())]
        return [(plugins[name], self.brought[name][hook]) for name in dict.fromkeys(names)]


def load_plugins(candidates: Iterable[EntryPoint] | None = None) -> Plugins:
    """Load the entry points of the group `adbench`, or those that ADBENCH_PLUGINS names (comma-separated; empty: none).

    A plugin is registered completely or not at all. One that cannot be imported, has unknown hooks or hooks with wrong
    arguments, or has any hook that fails or returns bad cards, is recorded with the reason and left out; with
    ADBENCH_STRICT_PLUGINS=1 it raises. Two plugins with the same name raise, naming both distributions. What plugins
    print while they load goes to stderr: stdout is for results.
    """
    found = sorted(entry_points(group=hookspecs.GROUP) if candidates is None else candidates, key=lambda e: e.name)
    _refuse_duplicates(found)
    wanted = os.environ.get("ADBENCH_PLUGINS")
    if wanted is not None:
        names = {name.strip() for name in wanted.split(",") if name.strip()}
        for name in sorted(names - {entry.name for entry in found}):
            raise UserError(
                f"ADBENCH_PLUGINS names {name!r}, which is not an installed plugin.{did_you_mean(name, [e.name for e in found])}"
            )
        found = [entry for entry in found if entry.name in names]
    manager = pluggy.PluginManager(hookspecs.GROUP)
    manager.add_hookspecs(hookspecs)
    plugins = Plugins(manager)
    with redirect_stdout(sys.stderr):
        for entry in reversed(found):  # the manager calls the last registered first
            plugins.loaded.insert(0, _load(plugins, entry))
    failed = plugins.failed()
    if failed and os.environ.get("ADBENCH_STRICT_PLUGINS") == "1":
        raise UserError("; ".join(f"plugin {p.name!r} of {p.distribution} failed: {p.error}" for p in failed))
    return plugins


def _load(plugins: Plugins, entry: EntryPoint) -> LoadedPlugin:
    manager = plugins.manager
    distribution = entry.dist.name if entry.dist else "unknown"
    version = entry.dist.version if entry.dist else ""
    start = time.perf_counter()
    hooks: tuple[str, ...] = ()
    error = ""
    try:
        module = entry.load()
        manager.register(module, name=entry.name)
        # Without this a misspelt hook would be silently ignored.
        manager.check_pending()
        found = {caller.name: _called(manager, caller.name, module) for caller in manager.get_hookcallers(module) or []}
        hooks = tuple(sorted(found))
        plugins.entries[entry.name], plugins.brought[entry.name] = entry.value, found
        if not hooks:
            error = f"{entry.value} implements no hook: mark its functions with @adbench.hookimpl"
    except pluggy.PluginValidationError as problem:
        error = f"{_sentence(problem)}; the hooks are {', '.join(sorted(hookspecs.KINDS))}"
    except HookError as problem:
        error = str(problem)
    except (Exception, SystemExit) as problem:
        error = _sentence(problem)
    if error and manager.has_plugin(entry.name):
        manager.unregister(name=entry.name)
    return LoadedPlugin(entry.name, distribution, version, time.perf_counter() - start, () if error else hooks, error)


class HookError(Exception):
    """A hook failed or returned something wrong; the message names the hook, and the line if known."""


def _called(manager: pluggy.PluginManager, hook: str, plugin: Any) -> list[Any]:
    """The cards that one plugin returns for a hook, called by the manager as if there were no other plugin."""
    caller = manager.subset_hook_caller(hook, [other for other in manager.get_plugins() if other is not plugin])
    own = [impl for impl in caller.get_hookimpls() if impl.plugin is plugin]
    bare = [impl for impl in own if not (impl.wrapper or impl.hookwrapper)]
    try:
        returned = caller()
        # The manager leaves None out of what it returns.
        if len(bare) == len(own) and len(returned) < len(bare):
            raise TypeError("returned None instead of cards")
        return checked(hook, returned)
    except (Exception, SystemExit) as problem:
        raise HookError(f"{hook}: {_sentence(problem, [impl.function for impl in bare])}") from problem


def _sentence(problem: BaseException, functions: Iterable[Callable[..., Any]] = ()) -> str:
    """The exception, and the last line of its traceback that is outside adbench, the imports and the hook manager.

    Without such a line, that of the first of `functions`, which returned the bad value.
    """
    places = [
        (frame.filename, frame.lineno)
        for frame in traceback.extract_tb(problem.__traceback__)
        if not frame.filename.startswith("<") and not MACHINERY & set(Path(frame.filename).parents)
    ]
    codes = [function.__code__ for function in functions if hasattr(function, "__code__")]
    places = places or [(code.co_filename, code.co_firstlineno) for code in codes[:1]]
    where = f" ({places[-1][0]}, line {places[-1][1]})" if places else ""
    return f"{type(problem).__name__}: {' '.join(str(problem).split())}{where}"


def _refuse_duplicates(found: list[EntryPoint]) -> None:
    seen: dict[str, EntryPoint] = {}
    for entry in found:
        other = seen.setdefault(entry.name, entry)
        if other is not entry and (other.value, _owner(other)) != (entry.value, _owner(entry)):
            raise UserError(
                f"Two plugins are called {entry.name!r}: one from {_owner(other)}, one from {_owner(entry)}. Uninstall one, "
                "or rename its entry point."
            )


def _owner(entry: EntryPoint) -> str:
    return entry.dist.name if entry.dist else entry.value
