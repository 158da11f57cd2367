"""The method of `clippatches`."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from clippatches import Parameters
from torch import Tensor

import adbench
from adbench_nets import (
    chosen_levels,
    enlarge,
    level_tokens,
    load_tower,
    nearest_distance,
    text_features,
    text_probability,
    to_images,
)


class ClipPatches(adbench.Detector):
    """Distance of the patches of one level from those of normal images, and text scores of the whole image."""

    parameters: Parameters

    def fit(self, support: adbench.Support, ctx: adbench.Context) -> None:
        """Encode the prompts, and remember the patches of the normal images."""
        if not len(support.normal):
            raise adbench.UserError("clip-patches compares with normal images: use a track that grants some.")
        self._load(ctx)
        self.text = text_features(self.tower, support.class_name)
        self.memory = torch.cat([self._patches(part).flatten(0, 1) for part in support.normal.batches(16)])

    @torch.no_grad()
    def predict(self, batch: adbench.ImageBatch) -> adbench.Prediction:
        """Scores (B,) in [0, 3] and maps (B, S, S) in [0, 2]."""
        size = self.parameters.image_size
        grids = nearest_distance(self._patches(batch), self.memory).unflatten(1, self.tower.grid)
        images = to_images(batch.pixels(size))
        pooled = self.tower.pooled(self.tower.run(self.tower.embed(images), 0, self.tower.blocks))
        return adbench.Prediction(
            text_probability(pooled, self.text) + grids.flatten(1).amax(1), enlarge(grids[:, None], (size, size))[:, 0]
        )

    def state_dict(self) -> dict[str, Tensor]:
        """Texts and memory; the tower is loaded by name."""
        return {"text": self.text.contiguous(), "memory": self.memory}

    def load_state_dict(self, state: Mapping[str, Tensor], ctx: adbench.Context) -> None:
        """Restore what `state_dict` gave."""
        self._load(ctx)
        self.text, self.memory = state["text"], state["memory"]

    def _load(self, ctx: adbench.Context) -> None:
        self.tower = load_tower(ctx.weights, self.parameters.weights, self.parameters.image_size, ctx.device)
        self.levels = chosen_levels((), self.tower.blocks)[:1]

    @torch.no_grad()
    def _patches(self, batch: adbench.ImageBatch) -> Tensor:
        return level_tokens(self.tower, to_images(batch.pixels(self.parameters.image_size)), self.levels)[0][:, 1:]
