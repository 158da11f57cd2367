"""MedCLIP without training: image and text compared, cell by cell and as a whole, plus a memory of normals."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor

from adbench import Context, Detector, ImageBatch, Prediction, Support, UserError
from adbench_clip.medclip.loading import load_medclip
from adbench_clip.medclip.parameters import MedclipParameters
from adbench_clip.medclip.texts import class_logits, load_tokenizer, state_embeddings
from adbench_nets import enlarge, nearest_distance, probability_maps, with_distances

MEAN, STD = 0.5862785803043838, 0.27950088968644304
IMAGES_AT_ONCE = 32
NORMAL, ABNORMAL, MEMORY = "normal", "abnormal", "memory"
# ITU-R 601, in Pillow's 16-bit fractions.
LUMA = (19595, 38470, 7471)


class MedclipDetector(Detector):
    """Zero-shot by the prompts of the two states; few-normal also by the distance to the cells of k normal images."""

    parameters: MedclipParameters

    def fit(self, support: Support, ctx: Context) -> None:
        """Encode the prompts with the set's name, and under few-normal the cells of the normal images. Nothing is trained."""
        if support.track == "few-normal" and not len(support.normal):
            raise UserError("MedCLIP compares few-normal with normal images: use a k of at least 1, or the track zero-shot.")
        self._prepare(ctx)
        tokenizer = load_tokenizer(ctx.weights, self.parameters.vocabulary)
        name = self.parameters.class_name or support.class_name
        self.texts = state_embeddings(self.model, tokenizer, name, self.parameters.ensemble)
        cells = [self._encode(part)[1].flatten(0, 1) for part in support.normal.batches(IMAGES_AT_ONCE)]
        self.memory = torch.cat(cells) if cells else None

    def predict(self, batch: ImageBatch) -> Prediction:
        """Scores (B,) and maps (B, S, S): the probability of the abnormal state, in [0, 1].

        With a memory each is averaged with the distance 1 - cosine to the nearest normal cell; the image score with the
        greatest of them. As in `clip`.
        """
        image, cells = self._encode(batch)
        size = (self.parameters.image_size, self.parameters.image_size)
        side = math.isqrt(cells.shape[1])
        scores = self._logits(image).softmax(dim=-1)[:, 1]
        maps = probability_maps(self._logits(cells)[:, None], (side, side), size)[:, 0]
        if self.memory is not None:
            grids = nearest_distance(cells, self.memory).unflatten(1, (side, side))
            distances = enlarge(grids[:, None], size)[:, 0]
            scores, maps = with_distances(scores, maps, distances)
        return Prediction(scores=scores.cpu(), maps=maps.cpu())

    def state_dict(self) -> dict[str, Tensor]:
        """Features of the prompts and normal images; the towers are loaded by name."""
        state = {NORMAL: self.texts[0], ABNORMAL: self.texts[1]}
        return state if self.memory is None else state | {MEMORY: self.memory}

    def load_state_dict(self, state: Mapping[str, Tensor], ctx: Context) -> None:
        """Restore what `state_dict` gave."""
        self._prepare(ctx)
        on_device = {key: value.to(ctx.device) for key, value in state.items()}
        self.texts = [on_device[NORMAL], on_device[ABNORMAL]]
        self.memory = on_device.get(MEMORY)

    def _prepare(self, ctx: Context) -> None:
        self.device, self.autocast = ctx.device, ctx.autocast
        self.model = load_medclip(ctx.weights, self.parameters.weights, ctx.device)
        smallest = self.model.vision_model.smallest_side
        if self.parameters.image_size < smallest:
            raise UserError(
                f"medclip.image_size = {self.parameters.image_size} is too small for these weights: use {smallest} or more."
            )

    @torch.no_grad()
    def _encode(self, batch: ImageBatch) -> tuple[Tensor, Tensor]:
        images = to_input(batch.pixels(self.parameters.image_size, "bicubic")).to(self.device)
        with self.autocast():
            image, cells = self.model.encode_images(images)
        return image.float(), cells.float()

    def _logits(self, embeddings: Tensor) -> Tensor:
        return class_logits(self.model, embeddings, self.texts, self.parameters.ensemble)


def to_input(pixels: np.ndarray) -> Tensor:
    """(B, 3, S, S) uint8 RGB to (B, 1, S, S) float32: grey as in Pillow, normalised for MedCLIP."""
    grey = (np.einsum("bchw,c->bhw", pixels.astype(np.int64), np.array(LUMA)) + (1 << 15)) >> 16
    return (torch.from_numpy(grey).float()[:, None] / 255 - MEAN) / STD
