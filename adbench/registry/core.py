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
    """The executors that are always available."""
    cards = [
        ExecutorCard(
            name="local",
            title="Each cell's detector in a process of its own, on this machine",
            factory="adbench.running.local:local",
        ),
        ExecutorCard(
            name="inline",
            title="One cell after the other in this process, without isolation, for debuggers",
            factory="adbench.running.local:inline",
        ),
    ]
    return {card.name: card for card in cards}
