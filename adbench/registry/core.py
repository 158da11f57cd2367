"""The core's own metrics and executors, as cards like those of a plugin."""

from __future__ import annotations

from dataclasses import asdict

from adbench.contracts.executor import ExecutorCard
from adbench.contracts.metric import MetricCard, Metrics

CORE = "adbench-vision"
"""The distribution of the core."""


def core_metrics() -> Metrics:
    """The metrics of the catalogue, in its order."""
    from adbench.metrics.catalogue import METRICS  # not at the top: `adbench --help` must not import numpy

    return Metrics({metric.name: MetricCard(**asdict(metric), factory="") for metric in METRICS})


def core_executors() -> dict[str, ExecutorCard]:
    """The executor that is always available."""
    local = ExecutorCard(
        name="local", title="One cell after the other, in this process", factory="adbench.running.executor:local"
    )
    return {local.name: local}
