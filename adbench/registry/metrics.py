"""The metrics that adbench computes by itself, as cards."""

from __future__ import annotations

from dataclasses import asdict

from adbench.contracts.metric import MetricCard, Metrics

CORE = "adbench-vision"
"""The distribution that brings what the core has of its own."""


def core_metrics() -> Metrics:
    """Those of the catalogue, in its order."""
    from adbench.metrics.catalogue import METRICS  # not at the top: `adbench --help` does without numpy

    return Metrics({metric.name: MetricCard(**asdict(metric), factory="") for metric in METRICS})
