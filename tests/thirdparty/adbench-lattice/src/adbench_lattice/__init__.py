"""Cards of the detector `lattice-z` and the dataset `lattice-dots`."""

from __future__ import annotations

from dataclasses import dataclass

import adbench


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
