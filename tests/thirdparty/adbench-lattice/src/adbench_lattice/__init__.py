"""Cards of the detector `lattice-z`, the dataset `lattice-dots`, and of one of everything else that a plugin may bring."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import adbench

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Parameters:
    """Of `lattice-z`."""

    side: int = adbench.parameter(48, "image side in pixels")
    floor: float = adbench.parameter(8.0, "least deviation, in grey levels")


@adbench.hookimpl
def adbench_detectors() -> list[adbench.DetectorCard]:
    """The detector."""
    return [
        adbench.DetectorCard(
            name="lattice-z",
            title="Lattice z-score",
            factory="adbench_lattice.detector:LatticeZ",
            tracks=("full-normal", "few-normal"),
            parameters=Parameters,
            map_score="max",
            published_as="LZ",
            citation="none",
            licence="MIT",
        )
    ]


@adbench.hookimpl
def adbench_datasets() -> list[adbench.DatasetCard]:
    """The dataset."""
    return [
        adbench.DatasetCard(
            name="lattice-dots",
            title="Dots on a lattice",
            factory="adbench_lattice.dataset:LatticeDots",
            class_name="lattice of dots",
            has_masks=True,
            synthetic=True,
            counts={"train/normal": 16, "valid": 8, "test/normal": 10, "test/abnormal": 10},
            how_to_get="It is generated: nothing to get.",
            citation="none",
            licence="MIT",
        )
    ]


@adbench.hookimpl
def adbench_metrics() -> list[adbench.MetricCard]:
    """The metric."""
    return [
        adbench.MetricCard(
            name="image_margin",
            title="Margin",
            kind="image",
            factory="adbench_lattice.margin:margin",
            computed="Least abnormal score less the largest normal one.",
            range=(-math.inf, math.inf),
        )
    ]


@adbench.hookimpl
def adbench_suites() -> list[adbench.SuiteCard]:
    """The suite."""
    return [adbench.SuiteCard(name="lattice-table", file=HERE / "table.toml")]


@adbench.hookimpl
def adbench_published() -> list[adbench.PublishedCard]:
    """The source of published figures."""
    return [adbench.PublishedCard(name="lattice-paper", file=HERE / "published.csv")]


@adbench.hookimpl
def adbench_executors() -> list[adbench.ExecutorCard]:
    """The executor."""
    return [adbench.ExecutorCard(name="lattice-pool", title="A pool of one process", factory="adbench_lattice.pool:run")]
