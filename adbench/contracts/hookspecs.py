"""Every hook that a plugin can implement. Each returns cards, which describe things without importing them.

A plugin is a module (or object) named by an entry point in the group `adbench`; it marks its functions with
`adbench.hookimpl`. Import nothing heavy (torch, pandas) at module level: reading cards must be fast.
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
"""Marks a plugin's function as the implementation of the hook with the same name: `@adbench.hookimpl`."""


@hookspec
def adbench_detectors() -> Iterable[DetectorCard]:  # type: ignore[empty-body]
    """Called once, without arguments, when plugins are loaded. Returns the cards of the plugin's methods.

    A card's `factory` is imported when a cell runs.
    """


@hookspec
def adbench_datasets() -> Iterable[DatasetCard]:  # type: ignore[empty-body]
    """Called once, without arguments, when plugins are loaded. Returns the cards of the plugin's datasets.

    A card's `factory` is imported when the set is planned.
    """


@hookspec
def adbench_weights() -> Iterable[WeightsCard]:  # type: ignore[empty-body]
    """Called once, without arguments, when plugins are loaded. Returns the cards of the plugin's named weights.

    A file is downloaded when a cell needs it.
    """


@hookspec
def adbench_suites() -> Iterable[SuiteCard]:  # type: ignore[empty-body]
    """Called once, without arguments, when plugins are loaded. Returns the cards of the plugin's suites.

    A file is read for `adbench run --suite NAME` and `adbench suites`.
    """


@hookspec
def adbench_published() -> Iterable[PublishedCard]:  # type: ignore[empty-body]
    """Called once, without arguments, when plugins are loaded. Returns the cards of the sources of published figures.

    A file is read for `adbench leaderboard --published`.
    """


@hookspec
def adbench_metrics() -> Iterable[MetricCard]:  # type: ignore[empty-body]
    """Called once, without arguments, when plugins are loaded. Returns the cards of the plugin's metrics.

    A card's `factory` is called for every scored cell, in addition to adbench's own metrics.
    """


@hookspec
def adbench_executors() -> Iterable[ExecutorCard]:  # type: ignore[empty-body]
    """Called once, without arguments, when plugins are loaded. Returns the cards of the plugin's executors.

    A card's `factory` is called for `adbench run --executor NAME`.
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
"""The type of card that each hook returns."""
