"""Is one method better than another? Paired tests on the same images, and the correction for many of them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from adbench.metrics.checks import check_labels, check_scores
from adbench.metrics.delong import Placements, group_codes, placement_spread, placements
from adbench.metrics.interval import check_level, student_quantile


class Difference(NamedTuple):
    """A difference of two figures and its uncertainty from the sample.

    Attributes:
        value: first minus second, in [-1, 1]; NaN if either cannot be measured.
        low: lower end of the confidence interval of the difference; NaN if the sample is too small to give one.
        high: upper end, likewise.
        p: two-sided p-value of "no difference", likewise.
    """

    value: float
    low: float
    high: float
    p: float


class Contrast(NamedTuple):
    """A difference of two AUROCs with the variance that comes from the sample of images.

    Attributes:
        value: first minus second, in [-1, 1]; NaN if either cannot be measured.
        variance: of the value; NaN if the sample is too small to show it.
        freedom: degrees of freedom of the variance.
    """

    value: float
    variance: float
    freedom: float

    def difference(self, level: float = 0.95) -> Difference:
        """The difference with its interval and p-value."""
        return student_difference(self.value, self.variance, self.freedom, level)


def paired_difference(
    labels: ArrayLike,
    scores_a: ArrayLike,
    scores_b: ArrayLike,
    groups: ArrayLike | None = None,
    level: float = 0.95,
) -> Difference:
    """Difference of the image AUROCs of two methods on the same images, A minus B.

    The variance is that of the differences of the placements: DeLong's paired test (DeLong et al. 1988), or with
    groups its clustered form (Obuchowski 1997), with Student's quantiles at Satterthwaite's degrees of freedom. The
    interval excludes 0 exactly when p < 1 - level.

    Args:
        labels: (N,) bool or 0 and 1, 1 = abnormal.
        scores_a: (N,) real numbers, any range, higher = more anomalous.
        scores_b: (N,) likewise; the ranges need not agree.
        groups: (N,) anything that can be compared, e.g. subjects; None: every image is its own group.
        level: confidence level.

    Returns:
        All NaN with one class only. Interval and p are NaN if a class has a single image, or lies in a single group,
        unless no image is ranked differently: then the difference is certainly 0, and p is 1.
    """
    check_level(level)
    positive = check_labels(labels)
    codes = group_codes(groups, positive.shape)
    if not positive.any() or positive.all():
        for scores in (scores_a, scores_b):
            check_scores(scores, positive.shape)
        return Difference(math.nan, math.nan, math.nan, math.nan)
    return contrast(placements(positive, scores_a), placements(positive, scores_b), positive, codes).difference(level)


def contrast(first: Placements, second: Placements, positive: NDArray[np.bool_], codes: NDArray[np.intp]) -> Contrast:
    """Compare two methods by the placements of the same images, first minus second; see `paired_difference`.

    Placements may be means over several seeds: their mean is the mean AUROC, and its variance is that of new images
    under the same seeds.

    Args:
        first: placements of the same images.
        second: likewise.
        positive: (N,) which images their first part belongs to.
        codes: (N,) group of every image, see `group_codes`.
    """
    moved = Placements(first.positives - second.positives, first.negatives - second.negatives)
    if not moved.positives.any() and not moved.negatives.any():
        return Contrast(0.0, 0.0, math.inf)
    spread = placement_spread(moved, positive, codes)
    return Contrast(float(moved.positives.mean()), spread.variance, spread.freedom)


def mean_contrast(contrasts: Sequence[Contrast]) -> Contrast:
    """Mean of differences on several datasets, whose images are independent, each dataset counting the same."""
    values = np.array([each.value for each in contrasts])
    variances = np.array([each.variance for each in contrasts]) / len(contrasts) ** 2
    total, freedoms = float(variances.sum()), np.array([each.freedom for each in contrasts])
    # Satterthwaite 1946, as for the classes of one dataset
    freedom = total**2 / float((variances**2 / freedoms).sum()) if (variances / freedoms).any() else math.inf
    return Contrast(float(values.mean()), total, freedom)


def student_difference(value: float, variance: float, freedom: float, level: float) -> Difference:
    """Interval and p-value of a difference in [-1, 1] from its variance; NaN from a variance of NaN."""
    from scipy.special import stdtr

    if math.isnan(variance):
        return Difference(value, math.nan, math.nan, math.nan)
    error = math.sqrt(variance)
    half = student_quantile(level, freedom) * error
    p = 2 * float(stdtr(freedom, -abs(value) / error)) if error > 0 else float(abs(value) < 1e-12)
    return Difference(value, max(value - half, -1.0), min(value + half, 1.0), p)


def holm(p_values: ArrayLike) -> NDArray[np.float64]:
    """Adjust p-values of a family of tests (Holm 1979), so that the chance of any false alarm stays at the level.

    Args:
        p_values: (K,) in [0, 1]; NaN = a test that was not made, which is ignored and stays NaN.

    Returns:
        (K,) adjusted p-values in [0, 1], to compare with the level itself.
    """
    given = np.asarray(p_values, np.float64)
    made = np.flatnonzero(~np.isnan(given))
    if ((given[made] < 0) | (given[made] > 1)).any():
        raise ValueError("p-values must lie in [0, 1]")
    order = made[np.argsort(given[made], kind="stable")]
    adjusted = np.full(given.shape, math.nan)
    steps = given[order] * np.arange(order.size, 0, -1)
    adjusted[order] = np.minimum(np.maximum.accumulate(steps), 1.0)
    return adjusted
