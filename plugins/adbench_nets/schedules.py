"""Learning-rate schedules."""

from __future__ import annotations

import math

# Shares of the highest rate at the start of the warm-up and at the end of the cosine.
FIRST_SHARE = 0.1
LAST_SHARE = 0.001


def warm_up_cosine(peak: float, epochs: int, epoch: int, progress: float, warm_up: int = 2) -> float:
    """The rate of CFlow-AD and later flows: a linear warm-up, then a cosine in steps of an epoch.

    The line starts at a tenth of `peak` and meets the cosine after the warm-up; the cosine falls from `peak` at
    epoch 0 towards a thousandth of it at `epochs` (Gudovskiy et al., WACV 2022, and its release).

    Args:
        peak: the highest rate of the cosine.
        epochs: epochs of the whole training.
        epoch: the current one, from 0; decides between line and cosine.
        progress: epochs done, including the fraction of the current one; position on the line.
        warm_up: epochs of the line; 0 = none.
    """

    def cosine(done: int) -> float:
        last = peak * LAST_SHARE
        return last + (peak - last) * (1 + math.cos(math.pi * done / epochs)) / 2

    if epoch >= warm_up:
        return cosine(epoch)
    first, target = peak * FIRST_SHARE, cosine(min(warm_up, epochs))
    return first + progress / warm_up * (target - first)
