"""CLIP without adaptation: prompts, and a memory of normal patches if the track grants normal images."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import torch
from torch import Tensor

from adbench import Context, Detector, ImageBatch, Prediction, Support, UserError
from adbench_clip.parameters import ClipParameters
from adbench_nets import (
    chosen_levels,
    level_tokens,
    load_tower,
    memory_grids,
    memory_maps,
    patch_logits,
    probability_maps,
    quick_gelu_of,
    standardised,
    text_features,
    text_probability,
    to_images,
    with_distances,
)

CHUNK = 16
TEXT, MEMORY = "text", "memory"


class ClipDetector(Detector):
    """CLIP (Radford et al., ICML 2021) with the prompt ensemble of APRIL-GAN. Nothing is trained."""

    parameters: ClipParameters
    _text: Tensor
    _memory: list[Tensor]

    def fit(self, support: Support, ctx: Context) -> None:
        """Encode the prompts, and under few-normal the patches of the normal images."""
        if support.track == "few-normal" and not len(support.normal):
            raise UserError("CLIP compares few-normal with normal images: use a k of at least 1, or the track zero-shot.")
        self._prepare(ctx)
        self._text = text_features(self._tower, self.parameters.class_name or support.class_name)
        remembered = [levels for levels, _ in self._tokens(support.normal)]
        self._memory = [torch.cat(level)[:, 1:].flatten(0, 1).float() for level in zip(*remembered, strict=True)]

    @torch.no_grad()
    def predict(self, batch: ImageBatch) -> Prediction:
        """Scores (B,) and maps (B, S, S), all in [0, 1]; the card says how they are computed."""
        size = (self.parameters.image_size, self.parameters.image_size)
        scores, maps = [], []
        for levels, last in self._tokens(batch):
            joint = self._tower.joint(last)
            score = text_probability(joint[:, 0], self._text)
            part = probability_maps(patch_logits([joint], self._text), self._tower.grid, size)[:, 0]
            if self._memory:
                distances = memory_maps(memory_grids(levels, self._memory, self._tower.grid), size) / len(self._memory)
                score, part = with_distances(score, part, distances)
            scores.append(score)
            maps.append(part)
        return Prediction(torch.cat(scores).cpu(), torch.cat(maps).cpu())

    def state_dict(self) -> dict[str, Tensor]:
        """Text features and the memory; CLIP is loaded by name."""
        memory = {f"{MEMORY}.{index}": level.cpu() for index, level in enumerate(self._memory)}
        return {TEXT: self._text.cpu().contiguous(), **memory}

    def load_state_dict(self, state: Mapping[str, Tensor], ctx: Context) -> None:
        """Restore the detector that gave `state`."""
        self._prepare(ctx)
        self._text = state[TEXT].to(ctx.device)
        names = [f"{MEMORY}.{index}" for index in range(len(self._levels))]
        self._memory = [state[name].to(ctx.device) for name in names if name in state]

    def _prepare(self, ctx: Context) -> None:
        chosen = self.parameters
        self._ctx = ctx
        self._tower = load_tower(ctx.weights, chosen.weights, chosen.image_size, ctx.device, self._quick_gelu(ctx))
        self._levels = chosen_levels(chosen.levels, self._tower.blocks)

    def _quick_gelu(self, ctx: Context) -> bool:
        chosen = self.parameters
        told = quick_gelu_of(ctx.weights, chosen.weights) if chosen.quick_gelu is None else chosen.quick_gelu
        if told is None:
            raise UserError(
                f"It is unknown whether weights {chosen.weights!r} were trained with QuickGELU, and the wrong activation silently "
                "changes scores: add --set clip.quick_gelu=true (OpenAI's were) or --set clip.quick_gelu=false."
            )
        return told

    @torch.no_grad()
    def _tokens(self, batch: ImageBatch) -> Iterator[tuple[list[Tensor], Tensor]]:
        """For each part of a batch, the tokens (B, L + 1, W) of the levels and of the last block."""
        chosen = self.parameters
        for part in batch.batches(CHUNK):
            images = to_images(part.pixels(chosen.image_size), self._ctx.device)
            with self._ctx.autocast():
                levels = level_tokens(self._tower, standardised(images, chosen.mean, chosen.std), self._levels)
                last = self._tower.run(levels[-1], self._levels[-1], self._tower.blocks)
            yield levels, last.float()
