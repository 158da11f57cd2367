"""What the core brings of its own, as the cards that a plugin would bring."""

from __future__ import annotations

from dataclasses import asdict

from adbench.contracts.executor import ExecutorCard
from adbench.contracts.metric import MetricCard, Metrics

CORE = "adbench-vision"
"""The distribution that it is of."""


def core_metrics() -> Metrics:
    """Those of the catalogue, in its order."""
    from adbench.metrics.catalogue import METRICS  # not at the top: `adbench --help` does without numpy

    return Metrics({metric.name: MetricCard(**asdict(metric), factory="") for metric in METRICS})


def core_executors() -> dict[str, ExecutorCard]:
    """The one that every run can do with."""
    local = ExecutorCard(
        name="local", title="One cell after the other, in this process", factory="adbench.running.executor:local"
    )
    return {local.name: local}
