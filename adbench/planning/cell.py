"""The cell: one fit and one evaluation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from adbench.contracts.dataset import DatasetCard
from adbench.contracts.detector import DetectorCard
from adbench.contracts.protocol import Protocol, cell_words


@dataclass(frozen=True)
class Cell:
    """Detector, parameters, dataset, track and seed: one fit and one evaluation.

    Attributes:
        detector, parameters: the method under test; `variant` is its name with the parameters that differ from its preset.
        dataset: what it is tested on.
        track, k, seed: the supervision, images of each kind in the few-* tracks (else 0), and the draw.
        preset: `paper` or `demo`.
        protocol: the options of the measurement.
        auxiliary: under zero-shot, the names of the other sets that the method learns from.
    """

    detector: DetectorCard
    parameters: Any
    variant: str
    dataset: DatasetCard
    track: str
    k: int
    seed: int
    preset: str
    protocol: Protocol
    auxiliary: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        """For people: `mvfa, few-shot k=4, phantom-brain, seed 0`."""
        return cell_words(self.variant, self.track, self.k, self.dataset.name, self.seed)
