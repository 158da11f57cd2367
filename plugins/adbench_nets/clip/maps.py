"""From tokens to logits and maps: similarity of patches to texts, and their distance from a memory."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from adbench_nets.memory import nearest_distance

LOGIT_SCALE = 100.0


def patch_logits(tokens: list[Tensor], text: Tensor) -> Tensor:
    """100 x cosine of every patch with the normal and the abnormal text.

    Args:
        tokens: K tensors (B, L + 1, E); the class token is dropped.
        text: (E, 2) or (B, E, 2), unit columns.

    Returns:
        (B, K, L, 2) float32.
    """
    return torch.stack([LOGIT_SCALE * F.normalize(level[:, 1:].float(), dim=-1) @ text for level in tokens], dim=1)


def text_probability(features: Tensor, text: Tensor) -> Tensor:
    """Abnormal probability of whole images, (B,): softmax of 100 x cosine with the two texts.

    Args:
        features: (B, E) of any length, in the space of the texts.
        text: (E, 2), unit columns [normal, abnormal].
    """
    return (LOGIT_SCALE * F.normalize(features.float(), dim=-1) @ text).softmax(dim=-1)[:, 1]


def probability_maps(logits: Tensor, grid: tuple[int, int], size: tuple[int, int]) -> Tensor:
    """Abnormal probability at pixel size, (B, K, H, W): logits are enlarged before the softmax.

    Args:
        logits: (B, K, L, 2), L = rows x columns of `grid`.
        grid: patches (rows, columns).
        size: (height, width) of the maps in pixels.
    """
    batch, levels = logits.shape[:2]
    cells = logits.reshape(batch * levels, *grid, 2).permute(0, 3, 1, 2)
    return enlarge(cells, size).softmax(dim=1)[:, 1].reshape(batch, levels, *size)


def memory_grids(tokens: list[Tensor], memory: list[Tensor], grid: tuple[int, int]) -> Tensor:
    """Distance of every patch to the memory of its level, (B, K, rows, columns).

    Args:
        tokens: K tensors (B, L + 1, E); the class token is dropped.
        memory: K tensors (M, E).
        grid: patches (rows, columns).
    """
    levels = [nearest_distance(level[:, 1:], known) for level, known in zip(tokens, memory, strict=True)]
    return torch.stack(levels, dim=1).unflatten(2, grid)


def memory_maps(grids: Tensor, size: tuple[int, int]) -> Tensor:
    """Sum over levels of enlarged distance grids, (B, H, W)."""
    return enlarge(grids, size).sum(dim=1)


def with_distances(scores: Tensor, maps: Tensor, distances: Tensor) -> tuple[Tensor, Tensor]:
    """Text scores (B,) and maps (B, H, W), averaged with the distances to a memory (B, H, W), all in [0, 1].

    A score is averaged with the greatest distance of its image.
    """
    return (scores + distances.flatten(1).amax(dim=1)) / 2, (maps + distances) / 2


def enlarge(grids: Tensor, size: tuple[int, int]) -> Tensor:
    """(B, C, h, w) to (B, C, H, W), bilinear, corners aligned."""
    return F.interpolate(grids, size=size, mode="bilinear", align_corners=True)
