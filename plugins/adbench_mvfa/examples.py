"""Training images as the training loop asks for them: first-stage tokens computed once, labels, masks and texts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from adbench import LabelledImages
from adbench_mvfa.augment import VIEWS, augment
from adbench_mvfa.network import to_images

CHUNK = 16
CACHE_BYTES = 2 << 30

Stem = Callable[[Tensor], Tensor]


@dataclass(frozen=True)
class Batch:
    """B training images.

    Attributes:
        stem: (B, L + 1, W) first-stage tokens.
        labels: (B,) float, 1 = abnormal.
        masks: (B, S, S) float, zero where `masked` is False.
        masked: (B,) bool, the segmentation loss counts.
        text: (B, E, 2) text features of the image's class.
    """

    stem: Tensor
    labels: Tensor
    masks: Tensor
    masked: Tensor
    text: Tensor


@dataclass(frozen=True)
class Examples:
    """N training images; `fetch(indices)` gives a batch of them."""

    count: int
    fetch: Callable[[Sequence[int]], Batch]


def views(images: LabelledImages, size: int, augmented: bool, device: str) -> tuple[Tensor, Tensor]:
    """All views of N images, view by view.

    Returns:
        (V N, 3, S, S) float32 in [0, 1] and (V N, S, S) bool masks, all False for a set without masks; V = 11 or 1.
    """
    pixels = to_images(images.pixels(size), device)
    masks = torch.from_numpy(images.masks(size)).to(pixels)[:, None] if images.has_masks else torch.zeros_like(pixels[:, :1])
    if augmented:
        pixels, masks = augment(pixels, masks)
    return pixels, masks[:, 0] > 0.5


def few_shot_examples(
    abnormal: LabelledImages, normal: LabelledImages, text: Tensor, stem: Stem, size: int, augmented: bool
) -> tuple[Examples, Tensor]:
    """The views of the abnormal support, then those of the normal support.

    Args:
        text: (E, 2) text features of the class.
        stem: images (B, 3, S, S) to first-stage tokens.

    Returns:
        The examples, and the first-stage tokens (V N, L + 1, W) of the normal views, for the memory.
    """
    device = str(text.device)
    stems, masks = [], []
    for images in (abnormal, normal):
        pixels, mask = views(images, size, augmented, device)
        stems.append(torch.cat([stem(part) for part in pixels.split(CHUNK)]))
        masks.append(mask)
    all_stems, all_masks = torch.cat(stems), torch.cat(masks)
    count = len(all_stems)
    labels = (torch.arange(count, device=device) < len(stems[0])).float()
    masked = torch.full((count,), abnormal.has_masks, device=device)

    def fetch(indices: Sequence[int]) -> Batch:
        chosen = torch.as_tensor(indices, device=device)
        return Batch(
            all_stems[chosen], labels[chosen], all_masks[chosen].float(), masked[chosen], text.expand(len(chosen), -1, -1)
        )

    return Examples(count, fetch), stems[1]


def zero_shot_examples(
    sets: Sequence[LabelledImages], texts: Sequence[Tensor], stem: Stem, size: int, stem_bytes: int
) -> Examples:
    """The images of other sets as they are, set after set; each with its set's text, and its mask if the set has masks.

    First-stage tokens are kept for as many images as fit into 2 GiB, and computed anew for the others.

    Args:
        texts: (E, 2) text features, one a set.
        stem_bytes: size of one image's first-stage tokens.
    """
    device = str(texts[0].device)
    places = [(number, row) for number, images in enumerate(sets) for row in range(len(images))]
    kept: dict[int, Tensor] = {}
    room = CACHE_BYTES // stem_bytes

    def first_stage(index: int) -> Tensor:
        if index in kept:
            return kept[index]
        number, row = places[index]
        tokens = stem(to_images(sets[number][[row]].pixels(size), device))[0]
        if len(kept) < room:
            kept[index] = tokens
        return tokens

    def mask(index: int) -> np.ndarray:
        number, row = places[index]
        return sets[number][[row]].masks(size)[0] if sets[number].has_masks else np.zeros((size, size), bool)

    def fetch(indices: Sequence[int]) -> Batch:
        chosen = [places[index] for index in indices]
        return Batch(
            torch.stack([first_stage(index) for index in indices]),
            torch.tensor([float(sets[number].labels[row]) for number, row in chosen], device=device),
            torch.from_numpy(np.stack([mask(index) for index in indices])).to(device).float(),
            torch.tensor([sets[number].has_masks for number, _ in chosen], device=device),
            torch.stack([texts[number] for number, _ in chosen]),
        )

    return Examples(len(places), fetch)


def views_of(index: int, images: int, augmented: bool) -> list[int]:
    """Rows of all views of one image among the views of so many images."""
    return list(range(index, images * (VIEWS if augmented else 1), images))
