"""How far the cloner's feature maps are from the source's: the training loss and the anomaly score."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

NORM_FLOOR = 1e-8


def distances(source: Sequence[Tensor], clone: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
    """Both distances of K pairs of feature maps (B, C, h, w).

    Returns:
        Two tensors (B, K): 1 - cosine of the flattened maps, in [0, 2]; and their mean squared difference.
    """
    pairs = [(one.flatten(1), other.flatten(1)) for one, other in zip(source, clone, strict=True)]
    direction = [1 - F.cosine_similarity(one, other, dim=1, eps=NORM_FLOOR) for one, other in pairs]
    value = [(one - other).square().mean(dim=1) for one, other in pairs]
    return torch.stack(direction, dim=1), torch.stack(value, dim=1)


def discrepancy(source: Sequence[Tensor], clone: Sequence[Tensor], value_weight: float) -> Tensor:
    """(B,): directions plus `value_weight` times squared differences, summed over levels (equations 1 to 3 of the paper).

    Its mean over images is the training loss on all levels; on the deeper levels it is the anomaly score.
    """
    direction, value = distances(source, clone)
    return (direction + value_weight * value).sum(dim=1)
