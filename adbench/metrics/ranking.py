"""How well scores rank abnormal above normal: exact figures from raw scores, by sorting.

Every function takes

- `labels`: bool or integers 0 and 1, any shape, 1 = abnormal (the positive class);
- `scores`: numbers of the same shape, any range, higher = more anomalous, infinities allowed; compared in the
  precision they come in (float32 as float32, float64 as float64; float16 widened, which is exact).

A figure that needs both classes is NaN if one is absent: it cannot be measured. Labels other than 0 and 1,
NaN scores and unequal shapes raise `ValueError`.

Positives and negatives are copied and sorted separately; the rest are binary searches of blocks of one in the other.
Apart from the copies, this takes a few megabytes at any size.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from adbench.metrics.checks import check_labels, check_scores

BLOCK = 1 << 16  # a block and the stretch of the other class that it spans stay in the processor's cache


class RankingFigures(NamedTuple):
    """All figures of this module, from one sort.

    Attributes:
        auroc: see `auroc`.
        average_precision: see `average_precision`.
        f1_max: see `f1_max`.
        fpr_at_95_tpr: see `fpr_at_tpr`, with `tpr` 0.95.
    """

    auroc: float
    average_precision: float
    f1_max: float
    fpr_at_95_tpr: float


def auroc(labels: ArrayLike, scores: ArrayLike) -> float:
    """Area under the ROC curve, in [0, 1]; NaN with one class only.

    The share of (positive, negative) pairs that are in the right order, a tie counting one half
    (Hanley and McNeil 1982), counted in integers: exact but for the last division.

    Args:
        labels: any shape, bool or 0 and 1, 1 = abnormal.
        scores: of the same shape, any range, higher = more anomalous.

    Raises:
        ValueError: other labels, NaN scores, or unequal shapes.
    """
    return _auroc(*_halves(labels, scores))


def average_precision(labels: ArrayLike, scores: ArrayLike) -> float:
    """Mean precision over the steps of recall, without interpolation, in (0, 1]; NaN with one class only.

    The sum over distinct thresholds of (recall step) * (precision), as `sklearn.metrics.average_precision_score`.

    Args:
        labels: any shape, bool or 0 and 1, 1 = abnormal.
        scores: of the same shape, any range, higher = more anomalous.

    Raises:
        ValueError: other labels, NaN scores, or unequal shapes.
    """
    return _average_precision(*_halves(labels, scores))


def f1_max(labels: ArrayLike, scores: ArrayLike) -> float:
    """Largest F1 over all thresholds, in (0, 1]; NaN with one class only.

    The threshold is chosen on these very labels, so the figure is optimistic: mark it as such wherever it is shown.

    Args:
        labels: any shape, bool or 0 and 1, 1 = abnormal.
        scores: of the same shape, any range, higher = more anomalous.

    Raises:
        ValueError: other labels, NaN scores, or unequal shapes.
    """
    return _f1_max(*_halves(labels, scores))


def fpr_at_tpr(labels: ArrayLike, scores: ArrayLike, tpr: float = 0.95) -> float:
    """False-positive rate at the highest threshold that finds at least the share `tpr` of the positives.

    In [0, 1], without interpolation between thresholds; NaN with one class only.

    Args:
        labels: any shape, bool or 0 and 1, 1 = abnormal.
        scores: of the same shape, any range, higher = more anomalous.
        tpr: share of the positives that must be found, in (0, 1].

    Raises:
        ValueError: other labels, NaN scores, unequal shapes, or `tpr` outside (0, 1].
    """
    if not 0 < tpr <= 1:
        raise ValueError(f"tpr must lie in (0, 1], not {tpr}")
    return _fpr_at_tpr(*_halves(labels, scores), tpr)


def ranking_figures(labels: ArrayLike, scores: ArrayLike) -> RankingFigures:
    """AUROC, average precision, F1-max and FPR at 95 % TPR for the price of one: see the single functions.

    Args:
        labels: any shape, bool or 0 and 1, 1 = abnormal.
        scores: of the same shape, any range, higher = more anomalous.

    Raises:
        ValueError: other labels, NaN scores, or unequal shapes.
    """
    positives, negatives = _halves(labels, scores)
    return RankingFigures(
        _auroc(positives, negatives),
        _average_precision(positives, negatives),
        _f1_max(positives, negatives),
        _fpr_at_tpr(positives, negatives, 0.95),
    )


def _halves(labels: ArrayLike, scores: ArrayLike) -> tuple[NDArray[Any], NDArray[Any]]:
    """The scores of the positives and of the negatives, each sorted."""
    positive = check_labels(labels)
    values = check_scores(scores, positive.shape).reshape(-1)
    flat = positive.reshape(-1)
    halves = []
    for half in (values[flat], values[~flat]):
        half.sort()
        if half.size and half.dtype.kind == "f" and math.isnan(half[-1]):  # sorting puts NaN last
            raise ValueError("scores hold NaN")
        halves.append(half)
    return halves[0], halves[1]


def _auroc(positives: NDArray[Any], negatives: NDArray[Any]) -> float:
    pairs = positives.size * negatives.size
    if not pairs:
        return math.nan
    few, many = sorted((positives, negatives), key=len)
    twice_below = sum(int(left.sum()) + int(right.sum()) for _, left, right in _places(few, many))
    # In each pair, below counts 2 and a tie 1. With the positives searched among the negatives the sum is the AUROC,
    # the other way round its complement.
    twice_right = twice_below if few is positives else 2 * pairs - twice_below
    return twice_right / (2 * pairs)


def _average_precision(positives: NDArray[Any], negatives: NDArray[Any]) -> float:
    if not positives.size or not negatives.size:
        return math.nan
    points = _operating_points(positives, negatives)
    return math.fsum(float(np.sum(count * (tp / (tp + fp)))) for count, tp, fp in points) / positives.size


def _f1_max(positives: NDArray[Any], negatives: NDArray[Any]) -> float:
    if not positives.size or not negatives.size:
        return math.nan
    # A threshold that no positive has finds no more positives than the next higher one that has: never the best.
    points = _operating_points(positives, negatives)
    return max(float(np.max(2 * tp / (tp + fp + positives.size))) for _, tp, fp in points)


def _fpr_at_tpr(positives: NDArray[Any], negatives: NDArray[Any], tpr: float) -> float:
    if not positives.size or not negatives.size:
        return math.nan
    found = math.ceil(tpr * positives.size)
    if found > 1 and (found - 1) / positives.size >= tpr:  # the product above may have rounded up ...
        found -= 1
    if found / positives.size < tpr:  # ... or down
        found += 1
    threshold = positives[positives.size - found]
    return (negatives.size - int(np.searchsorted(negatives, threshold, side="left"))) / negatives.size


def _operating_points(
    positives: NDArray[Any], negatives: NDArray[Any]
) -> Iterator[tuple[NDArray[Any], NDArray[Any], NDArray[Any]]]:
    """At each distinct score of a positive: positives with it, positives and negatives with at least it; in blocks."""
    for start, left, _ in _places(positives, negatives):
        block = positives[start : start + left.size]
        first = np.flatnonzero(np.r_[start == 0 or positives[start - 1] != block[0], block[1:] != block[:-1]])
        if not first.size:
            continue
        # The last tie may extend beyond this block; the next block then skips it.
        end = int(np.searchsorted(positives, block[-1], side="right")) - start
        yield np.diff(np.r_[first, end]), positives.size - (start + first), negatives.size - left[first]


def _places(keys: NDArray[Any], others: NDArray[Any]) -> Iterator[tuple[int, NDArray[Any], NDArray[Any]]]:
    """For each block of the sorted `keys`: its start, and the numbers of sorted `others` below and not above each."""
    for start in range(0, keys.size, BLOCK):
        block = keys[start : start + BLOCK]
        low = int(np.searchsorted(others, block[0], side="left"))
        high = int(np.searchsorted(others, block[-1], side="right"))
        stretch = others[low:high]
        left = np.searchsorted(stretch, block, side="left")
        right = np.searchsorted(stretch, block, side="right")
        yield start, left + low, right + low
