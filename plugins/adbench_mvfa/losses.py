"""The three losses of MVFA, one value an image, so that any batch can be averaged."""

from __future__ import annotations

from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor

EPSILON = 1e-5


def detection_bce(score: Tensor, label: Tensor, kind: Literal["logits", "probability"] = "logits") -> Tensor:
    """Binary cross entropy of probabilities `score` in [0, 1] with labels 0 or 1, elementwise.

    `logits` takes the probability as if it were a logit, as the release does; `probability` takes it as it is.
    """
    if kind == "logits":
        return F.binary_cross_entropy_with_logits(score, label, reduction="none")
    return F.binary_cross_entropy(score, label, reduction="none")


def focal_loss(abnormal: Tensor, mask: Tensor) -> Tensor:
    """Mean over pixels of -(1 - t)^2 log t, t = p_y (1 - e) + p_other e + e with e = 1e-5.

    Args:
        abnormal: (..., H, W) probability of the abnormal class.
        mask: the same shape, 0 or 1.

    Returns:
        (...), one value an image.
    """
    right = torch.where(mask > 0, abnormal, 1 - abnormal)
    smooth = right * (1 - EPSILON) + (1 - right) * EPSILON + EPSILON
    return (-((1 - smooth) ** 2) * smooth.log()).mean(dim=(-2, -1))


def dice_loss(abnormal: Tensor, mask: Tensor) -> Tensor:
    """1 - (2 sum(p m) + 1) / (sum p + sum m + 1) of each image; shapes as in `focal_loss`."""
    overlap = (abnormal * mask).sum(dim=(-2, -1))
    total = abnormal.sum(dim=(-2, -1)) + mask.sum(dim=(-2, -1))
    return 1 - (2 * overlap + 1) / (total + 1)
