"""Pixel scores as one histogram per image (or group), from which any resample of images is quickly scored.

The bins hold about equal numbers of normal pixels, and again of abnormal ones, whatever the distribution: a heavy tail
or a narrow band gets as many as anything else. Scores in one bin count as tied, which moves a figure by far less than
the width of its interval; figures themselves are computed from the raw scores, not from here.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from adbench.metrics.checks import check_labels, check_scores
from adbench.metrics.delong import group_codes
from adbench.metrics.region import find_regions, ramp_area

SAMPLED_PIXELS = 1 << 20  # of each class, to place the bins


class Histograms(NamedTuple):
    """Of U units, images or groups, over B bins of rising score.

    Attributes:
        normal: (U, B) normal pixels.
        abnormal: (U, B) abnormal pixels.
        overlap: (U, B) abnormal pixels, each divided by the size of its region.
        regions: (U,) regions.
    """

    normal: NDArray[np.float32]
    abnormal: NDArray[np.float32]
    overlap: NDArray[np.float32]
    regions: NDArray[np.float32]


def pixel_histograms(masks: ArrayLike, maps: ArrayLike, groups: ArrayLike | None = None, bins: int = 2048) -> Histograms:
    """Count the pixels of every unit, bin by bin; images are read one at a time, so memory maps will do.

    Args:
        masks: (N, H, W) bool or 0 and 1, 1 = abnormal.
        maps: (N, H, W) real numbers, any range, higher = more anomalous; `ValueError` unless finite.
        groups: (N,) anything that can be compared, e.g. subjects: each is one unit. None: every image is one.
        bins: about how many bins, half of them for each class. Figures from 2,048 are exact to about 1e-6 on large
            sets, and to about 1e-4 on tiny ones.
    """
    stack, scores = np.asanyarray(masks), np.asanyarray(maps)
    if stack.ndim != 3 or stack.shape != scores.shape:
        raise ValueError(f"masks {stack.shape} and maps {scores.shape} must both be (N, H, W)")
    units = group_codes(groups, stack.shape[:1])
    edges = _edges(stack, scores, bins // 2)
    shape = (int(units.max(initial=-1)) + 1, edges.size + 1)
    normal, abnormal, overlap = (np.zeros(shape, np.float32) for _ in range(3))
    counted = Histograms(normal, abnormal, overlap, np.zeros(shape[0], np.float32))
    for row, unit in enumerate(units):
        mask, values = _image(stack, scores, row)
        counted.normal[unit] += _count(values[~mask], edges)
        if not mask.any():
            continue
        regions = find_regions(mask[None])
        places = np.searchsorted(edges, values[mask], side="right")
        counted.abnormal[unit] += np.bincount(places, minlength=shape[1])
        counted.overlap[unit] += np.bincount(places, 1 / regions.sizes[regions.of_pixel], shape[1])
        counted.regions[unit] += regions.sizes.size
    return counted


def auroc_of_bins(normal: NDArray[Any], abnormal: NDArray[Any]) -> NDArray[np.float64]:
    """(R,) AUROC of each row of (R, B) counts in bins of rising score; NaN if a class is empty."""
    below = np.cumsum(normal, axis=1, dtype=np.float64)
    pairs = below[:, -1] * abnormal.sum(axis=1, dtype=np.float64)
    wins = np.einsum("rb,rb->r", abnormal, below - normal / 2)
    return _divide(wins, pairs)


def aupro_of_bins(normal: NDArray[Any], overlap: NDArray[Any], regions: NDArray[Any], limit: float) -> NDArray[np.float64]:
    """(R,) AUPRO of each row of (R, B) sums in bins of rising score; NaN without regions or normal pixels."""
    below = np.cumsum(normal, axis=1, dtype=np.float64)
    total = below[:, -1:]
    end = _divide(total - (below - normal), total)
    start = _divide(total - below, total)
    return _divide(np.einsum("rb,rb->r", overlap, ramp_area(start, end, limit)), limit * regions)


def _edges(stack: NDArray[Any], scores: NDArray[Any], count: int) -> NDArray[Any]:
    """Lower ends of all bins but the first, from a sample of the pixels of each class."""
    rng = np.random.default_rng(0)
    sampled: tuple[list[NDArray[Any]], list[NDArray[Any]]] = ([], [])
    share = -(-SAMPLED_PIXELS // max(len(stack), 1))
    for row in range(len(stack)):
        mask, values = _image(stack, scores, row)
        for chosen, sample in zip((~mask, mask), sampled, strict=True):
            pixels = values[chosen]
            sample.append(pixels if pixels.size <= share else pixels[rng.integers(0, pixels.size, share)])
    edges = [np.zeros(0, values.dtype) if len(stack) else np.zeros(0)]
    edges += [_quantile_edges(np.sort(np.concatenate(sample)), count) for sample in sampled if sample]
    return np.unique(np.concatenate(edges))


def _quantile_edges(ranked: NDArray[Any], count: int) -> NDArray[Any]:
    """Borders half-way between neighbours of a sorted sample, with about as many values between each two.

    A border at a pixel's score would always put that pixel at the lower end of its bin, which biases figures. A score
    that fills whole bins (maps that are mostly zero) is separated from the scores above it.
    """
    if ranked.size < 2:
        return ranked
    chosen = np.unique(np.linspace(1, ranked.size - 1, count).astype(np.intp))
    upper = ranked[chosen]
    borders = ranked[chosen - 1] / 2 + upper / 2
    repeated = upper[1:][upper[1:] == upper[:-1]]
    return np.concatenate([borders, np.nextafter(repeated, np.inf, dtype=borders.dtype)])


def _image(stack: NDArray[Any], scores: NDArray[Any], row: int) -> tuple[NDArray[np.bool_], NDArray[Any]]:
    mask = check_labels(stack[row])
    values = check_scores(scores[row], mask.shape)
    if not np.isfinite(values).all():
        raise ValueError("maps must be finite")
    return mask, values


def _count(values: NDArray[Any], edges: NDArray[Any]) -> NDArray[np.intp]:
    """(B,) number of values in each bin: sorting the values is cheaper than placing each of them."""
    below = np.searchsorted(np.sort(values), edges, side="left")
    return np.diff(below, prepend=0, append=values.size)


def _divide(above: NDArray[Any], below: NDArray[Any]) -> NDArray[np.float64]:
    shares = np.full(np.broadcast(above, below).shape, math.nan)
    np.divide(above, below, out=shares, where=below > 0)
    return shares
