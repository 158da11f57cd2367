"""Per-pixel z-scores of grey levels; the image score is the largest, as the card declares."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch

import adbench


class LatticeZ(adbench.Detector):
    """Mean and deviation of every pixel over the normal images."""

    def fit(self, support: adbench.Support, ctx: adbench.Context) -> None:
        """Learn both."""
        if not len(support.normal):
            raise adbench.UserError("lattice-z needs at least one normal image.")
        grey = self._grey(support.normal)
        self.mean = grey.mean(axis=0)
        self.deviation = np.maximum(grey.std(axis=0), self.parameters.floor)

    def predict(self, batch: adbench.ImageBatch) -> adbench.Prediction:
        """Maps (B, side, side) of absolute z-scores."""
        return adbench.Prediction(None, np.abs(self._grey(batch) - self.mean) / self.deviation)

    def state_dict(self) -> dict[str, torch.Tensor]:
        """Mean and deviation."""
        return {"mean": torch.from_numpy(self.mean), "deviation": torch.from_numpy(self.deviation)}

    def load_state_dict(self, state: Mapping[str, torch.Tensor], ctx: adbench.Context) -> None:
        """Mean and deviation."""
        self.mean, self.deviation = state["mean"].numpy(), state["deviation"].numpy()

    def _grey(self, batch: adbench.ImageBatch) -> np.ndarray:
        return batch.pixels(self.parameters.side, "bilinear").mean(axis=1, dtype=np.float64)
