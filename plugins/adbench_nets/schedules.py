"""Learning rates that change while a network is trained."""

from __future__ import annotations

import math

# Of the highest rate: what the warm-up begins with, and what is left where the cosine ends.
FIRST_SHARE = 0.1
LAST_SHARE = 0.001


def warm_up_cosine(peak: float, epochs: int, epoch: int, progress: float, warm_up: int = 2) -> float:
    """The rate of CFlow-AD and of the flows that came after it: a straight line up, then a cosine an epoch at a time.

    The line begins at a tenth of `peak` and ends where the cosine is after the warm-up; the cosine falls from `peak` at
    epoch 0 towards a thousandth of it at `epochs` (Gudovskiy et al., WACV 2022, and its release).

    Args:
        peak: the highest rate of the cosine.
        epochs: of the whole training.
        epoch: the present one, counted from 0; decides between line and cosine.
        progress: epochs done, with the fraction of the one under way; where on the line.
        warm_up: epochs of the line; 0 = none.
    """

    def cosine(done: int) -> float:
        last = peak * LAST_SHARE
        return last + (peak - last) * (1 + math.cos(math.pi * done / epochs)) / 2

    if epoch >= warm_up:
        return cosine(epoch)
    first, target = peak * FIRST_SHARE, cosine(min(warm_up, epochs))
    return first + progress / warm_up * (target - first)
