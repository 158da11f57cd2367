"""The order in which training images are seen."""

from __future__ import annotations

from collections.abc import Sequence

import torch

Order = Sequence[Sequence[int]]
"""The training images of each step of an epoch, as indices."""


def shuffled(count: int, batch_size: int, generator: torch.Generator) -> list[list[int]]:
    """One epoch: 0 .. count - 1 once each, in a random order, cut into steps; the last step may be smaller.

    Args:
        count: number of training images.
        batch_size: images per step.
        generator: on the CPU; draws one permutation.
    """
    order = torch.randperm(count, generator=generator).tolist()
    return [order[start : start + batch_size] for start in range(0, count, batch_size)]
