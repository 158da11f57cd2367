"""The detection loss of MVFA; its segmentation losses are `adbench_nets.focal_loss` and `adbench_nets.dice_loss`."""

from __future__ import annotations

from typing import Literal

import torch.nn.functional as F
from torch import Tensor


def detection_bce(score: Tensor, label: Tensor, kind: Literal["logits", "probability"] = "logits") -> Tensor:
    """Binary cross entropy of probabilities `score` in [0, 1] with labels 0 or 1, elementwise.

    `logits` treats the probability as a logit, as the release does; `probability` as a probability.
    """
    if kind == "logits":
        return F.binary_cross_entropy_with_logits(score, label, reduction="none")
    return F.binary_cross_entropy(score, label, reduction="none")
