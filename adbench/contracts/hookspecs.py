"""Every hook that a plugin can implement. Each is called once, when plugins are loaded, without arguments.

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
    """Return the cards of the methods that this plugin brings."""


@hookspec
def adbench_datasets() -> Iterable[DatasetCard]:  # type: ignore[empty-body]
    """Return the cards of the datasets that this plugin brings."""


@hookspec
def adbench_weights() -> Iterable[WeightsCard]:  # type: ignore[empty-body]
    """Return the cards of the named weights that this plugin's detectors use."""


@hookspec
def adbench_suites() -> Iterable[SuiteCard]:  # type: ignore[empty-body]
    """Return the suites that this plugin brings, for `adbench run --suite NAME`."""


@hookspec
def adbench_published() -> Iterable[PublishedCard]:  # type: ignore[empty-body]
    """Return the sources of published figures that this plugin brings, for `adbench leaderboard --published`."""


@hookspec
def adbench_metrics() -> Iterable[MetricCard]:  # type: ignore[empty-body]
    """Return the cards of the figures that this plugin measures on every finished cell, beside those of adbench."""


@hookspec
def adbench_executors() -> Iterable[ExecutorCard]:  # type: ignore[empty-body]
    """Return the ways to run cells that this plugin brings, for `adbench run --executor NAME`."""


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
