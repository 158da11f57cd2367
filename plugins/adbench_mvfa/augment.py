"""MVFA's eleven views of an image: itself, four rotations, four shifts, two flips."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor

ANGLES = (-math.pi / 8, -math.pi / 16, math.pi / 16, math.pi / 8)
SHIFTS = ((0.1, 0.1), (-0.1, 0.1), (-0.1, -0.1), (0.1, -0.1))
VIEWS = 1 + len(ANGLES) + len(SHIFTS) + 2


def augment(images: Tensor, masks: Tensor | None = None) -> tuple[Tensor, Tensor]:
    """Make all views of N images, view by view: the N originals first.

    Rotations act in normalised coordinates, so a non-square image is sheared; borders are reflected.

    Args:
        images: (N, 3, H, W) float.
        masks: (N, 1, H, W) float, or None for all-zero ones.

    Returns:
        (11 N, 3, H, W) and (11 N, 1, H, W) float; rotated and shifted masks hold values between 0 and 1.
    """
    if masks is None:
        masks = torch.zeros_like(images[:, :1])
    stacked = torch.cat([images, masks], dim=1)
    views = [stacked, *(_warp(stacked, matrix) for matrix in _matrices()), stacked.flip(3), stacked.flip(2)]
    together = torch.cat(views)
    return together[:, :-1], together[:, -1:]


def _matrices() -> list[Tensor]:
    rotations = []
    for angle in torch.tensor(ANGLES):
        cos, sin = float(torch.cos(angle)), float(torch.sin(angle))
        rotations.append(torch.tensor([[cos, -sin, 0.0], [sin, cos, 0.0]]))
    return rotations + [torch.tensor([[1.0, 0.0, x], [0.0, 1.0, y]]) for x, y in SHIFTS]


def _warp(images: Tensor, matrix: Tensor) -> Tensor:
    matrices = matrix.to(images).expand(len(images), -1, -1)
    grid = F.affine_grid(matrices, list(images.shape), align_corners=False)
    return F.grid_sample(images, grid, mode="bilinear", padding_mode="reflection", align_corners=False)
