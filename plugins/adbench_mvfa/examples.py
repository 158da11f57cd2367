"""The few-shot training images of MVFA: all views of the support, with first-stage tokens computed once."""

from __future__ import annotations

import torch
from torch import Tensor

from adbench import LabelledImages
from adbench_mvfa.augment import VIEWS, augment
from adbench_nets import Examples, Freeze, stored_examples, to_images

CHUNK = 16


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
    abnormal: LabelledImages, normal: LabelledImages, text: Tensor, stem: Freeze, size: int, augmented: bool
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
    all_stems = torch.cat(stems)
    labels = (torch.arange(len(all_stems), device=device) < len(stems[0])).float()
    return stored_examples(all_stems, labels, torch.cat(masks), abnormal.has_masks, text), stems[1]


def views_of(index: int, images: int, augmented: bool) -> list[int]:
    """Rows of all views of one image among the views of `images` images."""
    return list(range(index, images * (VIEWS if augmented else 1), images))
