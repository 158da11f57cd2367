"""From log-likelihoods to anomaly maps: each level relative to its largest likelihood, summed, inverted."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

Likelihoods = Sequence[Tensor]


@dataclass(frozen=True)
class Maxima:
    """Constants that put levels and images on one scale.

    Attributes:
        levels: (K,) the largest log-likelihood of each level.
        normality: (), the largest sum of likelihoods of a pixel; the anomaly score there is 0.
    """

    levels: Tensor
    normality: Tensor


def normality(likelihoods: Likelihoods, levels: Tensor, size: tuple[int, int]) -> Tensor:
    """Sum over levels of likelihoods relative to the largest.

    Args:
        likelihoods: K tensors (B, h, w), log-likelihoods per channel.
        levels: (K,) the largest of each level.
        size: height and width to interpolate to, bilinear with aligned corners, before the sum.

    Returns:
        (B, *size).
    """
    relative = [(level - largest).exp()[:, None] for level, largest in zip(likelihoods, levels, strict=True)]
    enlarged = [F.interpolate(level, size=size, mode="bilinear", align_corners=True) for level in relative]
    return torch.cat(enlarged, dim=1).sum(dim=1)


def learn_maxima(parts: Iterable[Likelihoods], size: tuple[int, int]) -> Maxima:
    """The maxima over all images; each part holds the likelihoods of some images."""
    held = list(parts)
    levels = torch.stack([torch.stack([level.max() for level in part]) for part in held]).amax(dim=0)
    return Maxima(levels, torch.stack([normality(part, levels, size).max() for part in held]).max())


def anomaly_maps(likelihoods: Likelihoods, maxima: Maxima, size: tuple[int, int]) -> Tensor:
    """(B, *size), higher = more anomalous, 0 at the most normal pixel of the images that gave the maxima."""
    return maxima.normality - normality(likelihoods, maxima.levels, size)


def image_scores(maps: Tensor) -> Tensor:
    """(B, H, W) to (B,): the largest pixel."""
    return maps.flatten(1).amax(dim=1)
