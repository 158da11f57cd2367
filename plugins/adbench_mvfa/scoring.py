"""From patch logits to the score of an image."""

from __future__ import annotations

from typing import Literal

from torch import Tensor


def detection_scores(logits: Tensor, pooling: Literal["mean", "max"] = "mean") -> Tensor:
    """Abnormal probability of an image at each level, (B, K), pooled over patches without enlarging."""
    abnormal = logits.softmax(dim=-1)[..., 1]
    return abnormal.mean(dim=-1) if pooling == "mean" else abnormal.amax(dim=-1)
