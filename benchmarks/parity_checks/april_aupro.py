"""The figure that APRIL-GAN's released code calls AUPRO. It is not the standard one: adbench never reports it.

Overlaps and false-positive rates are taken at 200 even thresholds from the lowest score up, for pixels strictly above
each. Only points of the curve with a rate below 0.3 are kept, and their rates are stretched to [0, 1].
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from adbench.metrics.region import find_regions

STEPS = 200
LIMIT = 0.3


def april_aupro(masks: NDArray[np.bool_], maps: NDArray[np.float32]) -> float | None:
    """The figure, or None if all scores, or all rates below the limit, are equal.

    Args:
        masks: (N, H, W), True = abnormal.
        maps: (N, H, W), higher = more anomalous.
    """
    low, high = maps.min(), maps.max()
    if low == high:
        return None
    # The released code steps in the precision of the maps.
    thresholds = np.arange(low, high, (high - low) / STEPS)
    regions = find_regions(masks)
    share = 1 / (regions.sizes[regions.of_pixel] * regions.sizes.size)
    overlap = shares_above(maps[masks], share, thresholds)
    outside = maps[~masks]
    rate = shares_above(outside, np.full(outside.size, 1 / outside.size), thresholds)
    kept = rate < LIMIT
    overlap, rate = overlap[kept], rate[kept]
    if not rate.size or rate.min() == rate.max():
        return None
    stretched = (rate - rate.min()) / (rate.max() - rate.min())
    # Thresholds rise, so rates fall.
    return float(np.trapezoid(overlap[::-1], stretched[::-1]))


def shares_above(
    scores: NDArray[np.float32], weights: NDArray[np.float64], thresholds: NDArray[np.floating]
) -> NDArray[np.float64]:
    """Summed weight of the scores strictly above each threshold."""
    order = np.argsort(scores)
    total = np.concatenate([[0.0], np.cumsum(weights[order])])
    return total[-1] - total[np.searchsorted(scores[order], thresholds, side="right")]
