"""Training images for a training loop: output of the frozen network computed once, labels, masks and texts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from adbench import LabelledImages
from adbench_nets.pixels import to_images

CACHE_BYTES = 2 << 30

Freeze = Callable[[Tensor], Tensor]


@dataclass(frozen=True)
class Batch:
    """B training images.

    Attributes:
        frozen: (B, ...) output of the frozen part of the network, e.g. first-stage tokens.
        labels: (B,) float, 1 = abnormal.
        masks: (B, S, S) float, zero where `masked` is False.
        masked: (B,) bool, whether the image's set has masks.
        text: (B, E, 2) text features of the image's class.
    """

    frozen: Tensor
    labels: Tensor
    masks: Tensor
    masked: Tensor
    text: Tensor


@dataclass(frozen=True)
class Examples:
    """N training images.

    Attributes:
        count: N.
        fetch: indices in 0 .. N - 1 to a batch of these images, in this order.
    """

    count: int
    fetch: Callable[[Sequence[int]], Batch]


def stored_examples(frozen: Tensor, labels: Tensor, masks: Tensor, has_masks: bool, text: Tensor) -> Examples:
    """Images of one set, all in memory.

    Args:
        frozen: (N, ...).
        labels: (N,) float, 1 = abnormal.
        masks: (N, S, S) bool.
        has_masks: whether `masks` mark the abnormal pixels.
        text: (E, 2) text features of the class.
    """
    masked = torch.full((len(frozen),), has_masks, device=frozen.device)

    def fetch(indices: Sequence[int]) -> Batch:
        chosen = torch.as_tensor(indices, device=frozen.device)
        return Batch(frozen[chosen], labels[chosen], masks[chosen].float(), masked[chosen], text.expand(len(chosen), -1, -1))

    return Examples(len(frozen), fetch)


def zero_shot_examples(
    sets: Sequence[LabelledImages], texts: Sequence[Tensor], freeze: Freeze, size: int, frozen_bytes: int
) -> Examples:
    """The unchanged images of other sets, set by set; each with its set's text, and its mask if the set has masks.

    The frozen network's output is kept for as many images as fit into 2 GiB, and recomputed for the others.

    Args:
        sets: labelled images of the other sets, `Support.auxiliary`.
        texts: (E, 2) text features, one per set.
        freeze: from images (B, 3, S, S) in [0, 1] to the frozen network's output, (B, ...).
        size: image side in pixels.
        frozen_bytes: size of the frozen network's output for one image.
    """
    device = str(texts[0].device)
    places = [(number, row) for number, images in enumerate(sets) for row in range(len(images))]
    kept: dict[int, Tensor] = {}
    room = CACHE_BYTES // frozen_bytes

    def frozen(index: int) -> Tensor:
        if index in kept:
            return kept[index]
        number, row = places[index]
        given = freeze(to_images(sets[number][[row]].pixels(size), device))[0]
        if len(kept) < room:
            kept[index] = given
        return given

    def mask(index: int) -> np.ndarray:
        number, row = places[index]
        return sets[number][[row]].masks(size)[0] if sets[number].has_masks else np.zeros((size, size), bool)

    def fetch(indices: Sequence[int]) -> Batch:
        chosen = [places[index] for index in indices]
        return Batch(
            torch.stack([frozen(index) for index in indices]),
            torch.tensor([float(sets[number].labels[row]) for number, row in chosen], device=device),
            torch.from_numpy(np.stack([mask(index) for index in indices])).to(device).float(),
            torch.tensor([sets[number].has_masks for number, _ in chosen], device=device),
            torch.stack([texts[number] for number, _ in chosen]),
        )

    return Examples(len(places), fetch)
