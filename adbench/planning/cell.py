"""The cell: one fit and one evaluation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from adbench.contracts.dataset import Dataset, DatasetCard
from adbench.contracts.detector import DetectorCard
from adbench.contracts.protocol import Protocol, cell_words


@dataclass(frozen=True)
class Cell:
    """Detector, parameters, dataset, track and seed: one fit and one evaluation."""

    detector: DetectorCard
    parameters: Any
    variant: str
    dataset: DatasetCard
    track: str
    k: int
    seed: int
    preset: str
    protocol: Protocol

    @property
    def label(self) -> str:
        """For people: `mvfa, few-shot k=4, phantom-brain, seed 0`."""
        return cell_words(self.variant, self.track, self.k, self.dataset.name, self.seed)


def auxiliary_sets(cell: Cell, datasets: Mapping[str, Dataset]) -> list[Dataset]:
    """Under zero-shot the other sets of the target's groups that are there; none for a method that learns from none."""
    target = cell.dataset
    if cell.track != "zero-shot" or not cell.detector.uses_auxiliary:
        return []
    return [
        dataset
        for name, dataset in sorted(datasets.items())
        if name != target.name
        and set(dataset.card.groups) & set(target.groups)
        and not (cell.protocol.other_modalities_only and dataset.card.modality == target.modality)
    ]
