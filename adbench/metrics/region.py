"""Overlap with abnormal regions: the area under the per-region overlap curve (AUPRO), exact.

A region is a connected component of one image's mask. At a threshold, the overlap of a region is the share of its
pixels with at least that score; PRO is its mean over all regions of all images, so that a small region counts as
much as a large one; FPR is the share of the pixels outside every region with at least that score (Bergmann et al.
2021, "The MVTec anomaly detection dataset", section 5.2). AUPRO is the area under PRO over FPR up to a limit,
divided by the limit, with straight lines between thresholds and up to the limit.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from adbench.metrics.checks import check_labels, check_scores


class Regions(NamedTuple):
    """Connected components of masks: of P abnormal pixels in raster order, and of R regions.

    Attributes:
        of_pixel: (P,) number of each pixel's region, in [0, R).
        sizes: (R,) pixels of each region.
    """

    of_pixel: NDArray[np.int64]
    sizes: NDArray[np.int64]


def find_regions(masks: ArrayLike, connectivity: int = 8) -> Regions:
    """Number the regions of masks, image by image.

    Args:
        masks: (N, H, W) bool or 0 and 1, 1 = abnormal.
        connectivity: 8 (corners touch: the reference) or 4.
    """
    from scipy.ndimage import generate_binary_structure, label

    if connectivity not in (4, 8):
        raise ValueError(f"connectivity must be 4 or 8, not {connectivity}")
    stack = check_labels(masks)
    if stack.ndim != 3:
        raise ValueError(f"masks must be (N, H, W), not of shape {stack.shape}")
    structure = generate_binary_structure(2, 1 if connectivity == 4 else 2)
    numbers, count = [np.zeros(0, np.int64)], 0
    for mask in stack:
        rows = np.flatnonzero(mask.any(axis=1))
        if not rows.size:
            continue
        columns = np.flatnonzero(mask.any(axis=0))
        box = mask[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]  # labelling costs by the pixel
        numbered, found = label(box, structure)
        numbers.append(numbered[box].astype(np.int64) + (count - 1))
        count += found
    of_pixel = np.concatenate(numbers)
    return Regions(of_pixel, np.bincount(of_pixel, minlength=count))


def aupro(masks: ArrayLike, maps: ArrayLike, limit: float = 0.3, connectivity: int = 8) -> float:
    """Area under the per-region overlap curve up to a false-positive rate, divided by it, in [0, 1].

    Args:
        masks: (N, H, W) bool or 0 and 1, 1 = abnormal.
        maps: (N, H, W) real numbers, any range, higher = more anomalous, compared in their own precision.
        limit: false-positive rate in (0, 1] where the curve ends.
        connectivity: 8 or 4, as for `find_regions`.

    Returns:
        The figure, or NaN if there is no region or no pixel outside one.

    Raises:
        ValueError: NaN in the maps, or shapes, labels or a limit that do not fit.
    """
    if not 0 < limit <= 1:
        raise ValueError(f"limit must lie in (0, 1], not {limit}")
    stack = check_labels(masks)
    values = check_scores(maps, stack.shape)
    regions = find_regions(stack, connectivity)
    inside = values[stack]
    outside = values[~stack]
    if not inside.size or not outside.size:
        return math.nan
    if values.dtype.kind == "f" and (math.isnan(inside.min()) or math.isnan(outside.min())):
        raise ValueError("maps hold NaN")
    # Thresholds beyond the limit do not matter: sort only the negatives from the first one over it.
    # The rates still count all of them.
    negatives = outside.size
    kept = min(negatives, math.floor(limit * negatives) + 1)
    outside.partition(negatives - kept)
    cut = outside[negatives - kept]
    lower = outside[: negatives - kept]
    tied = int(np.count_nonzero(lower == cut))
    top = np.sort(outside[negatives - kept :])
    counted = np.flatnonzero(inside >= cut)
    counted = counted[np.argsort(inside[counted])]  # neighbours find their places in the same stretch of memory
    scores = inside[counted]
    above = top.size - np.searchsorted(top, scores, side="right")
    at_least = top.size - np.searchsorted(top, scores, side="left") + tied * (scores == cut)
    share = 1 / regions.sizes[regions.of_pixel[counted]]
    area = float(np.sum(share * ramp_area(above / negatives, at_least / negatives, limit)))
    return area / (regions.sizes.size * limit)


def ramp_area(start: NDArray[np.float64], end: NDArray[np.float64], limit: float) -> NDArray[np.float64]:
    """Area up to `limit` under curves that are 0 up to `start`, rise straight to 1 at `end` and stay there.

    This is what one pixel adds to the curve: as the threshold passes its score, the overlap goes from without it to
    with it while the FPR goes from `start` to `end`. Summing pixels gives the trapezoids between all thresholds.
    """
    width = np.where(end > start, end - start, 1.0)  # a step has no ramp to cut
    partial = np.clip(limit - start, 0.0, None)
    return np.where(end <= limit, limit - (start + end) / 2, partial * partial / (2 * width))
