"""Every hook that a plugin can implement, and what each brings: cards, which say more than what they name has to be imported for.

A plugin is a module (or object) named by an entry point in the group `adbench`; it marks its functions with
`adbench.hookimpl`. Import nothing heavy (torch, pandas) at module level: cards must be readable at once.
"""

from __future__ import annotations

from collections.abc import Iterable

import pluggy

from adbench.contracts.dataset import DatasetCard
from adbench.contracts.detector import DetectorCard
from adbench.contracts.executor import ExecutorCard
from adbench.contracts.metric import MetricCard
from adbench.contracts.suites import PublishedCard, SuiteCard
from adbench.contracts.weights import WeightsCard

GROUP = "adbench"

hookspec = pluggy.HookspecMarker(GROUP)
hookimpl = pluggy.HookimplMarker(GROUP)
"""Marks a function of a plugin as the implementation of the hook of its name: `@adbench.hookimpl`."""


@hookspec
def adbench_detectors() -> Iterable[DetectorCard]:  # type: ignore[empty-body]
    """Called once, when plugins are loaded; gets nothing. Returns the cards of the methods that this plugin brings.

    What a card's `factory` names is imported when a cell runs.
    """


@hookspec
def adbench_datasets() -> Iterable[DatasetCard]:  # type: ignore[empty-body]
    """Called once, when plugins are loaded; gets nothing. Returns the cards of the datasets that this plugin brings.

    What a card's `factory` names is imported when the set is planned.
    """


@hookspec
def adbench_weights() -> Iterable[WeightsCard]:  # type: ignore[empty-body]
    """Called once, when plugins are loaded; gets nothing. Returns the cards of the named weights that its detectors use.

    A file is fetched when a cell asks for it.
    """


@hookspec
def adbench_suites() -> Iterable[SuiteCard]:  # type: ignore[empty-body]
    """Called once, when plugins are loaded; gets nothing. Returns the cards of the suites that this plugin brings.

    A file is read for `adbench run --suite NAME` and `adbench suites`.
    """


@hookspec
def adbench_published() -> Iterable[PublishedCard]:  # type: ignore[empty-body]
    """Called once, when plugins are loaded; gets nothing. Returns the cards of the sources of published figures.

    A file is read for `adbench leaderboard --published`.
    """


@hookspec
def adbench_metrics() -> Iterable[MetricCard]:  # type: ignore[empty-body]
    """Called once, when plugins are loaded; gets nothing. Returns the cards of the metrics that this plugin brings.

    What a card's `factory` names is called with every cell that was scored, beside the metrics of adbench.
    """


@hookspec
def adbench_executors() -> Iterable[ExecutorCard]:  # type: ignore[empty-body]
    """Called once, when plugins are loaded; gets nothing. Returns the cards of the ways to run cells that this plugin brings.

    What a card's `factory` names is called for `adbench run --executor NAME`.
    """


KINDS: dict[str, type] = {
    "adbench_detectors": DetectorCard,
    "adbench_datasets": DatasetCard,
    "adbench_weights": WeightsCard,
    "adbench_suites": SuiteCard,
    "adbench_published": PublishedCard,
    "adbench_metrics": MetricCard,
    "adbench_executors": ExecutorCard,
}
"""What each hook brings."""
