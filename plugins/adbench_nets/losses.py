"""The segmentation losses of APRIL-GAN (Chen et al., VAND 2023) and MVFA, one value per image, so any batch can be averaged."""

from __future__ import annotations

import torch
from torch import Tensor

EPSILON = 1e-5


def focal_loss(abnormal: Tensor, mask: Tensor) -> Tensor:
    """Mean over pixels of -(1 - t)^2 log t, t = p_y (1 - e) + p_other e + e with e = 1e-5 (Lin et al., ICCV 2017).

    Args:
        abnormal: (..., H, W) probability of the abnormal class.
        mask: the same shape, 0 or 1.

    Returns:
        (...), one value per image.
    """
    right = torch.where(mask > 0, abnormal, 1 - abnormal)
    smooth = right * (1 - EPSILON) + (1 - right) * EPSILON + EPSILON
    return (-((1 - smooth) ** 2) * smooth.log()).mean(dim=(-2, -1))


def dice_loss(abnormal: Tensor, mask: Tensor) -> Tensor:
    """1 - (2 sum(p m) + 1) / (sum p + sum m + 1) of each image (Milletari et al., 3DV 2016); shapes as in `focal_loss`."""
    overlap = (abnormal * mask).sum(dim=(-2, -1))
    total = abnormal.sum(dim=(-2, -1)) + mask.sum(dim=(-2, -1))
    return 1 - (2 * overlap + 1) / (total + 1)
