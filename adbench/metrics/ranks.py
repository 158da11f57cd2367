"""Methods over several datasets: mean ranks, the Friedman test, and the critical difference of two ranks (Nemenyi).

As Demsar 2006, "Statistical comparisons of classifiers over multiple data sets". With few datasets (six, say) these
tests find only large and consistent differences: "not significant" does not mean equal.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray


class RankComparison(NamedTuple):
    """M methods over D datasets.

    Attributes:
        mean_ranks: (M,) in [1, M], 1 = best on every dataset.
        friedman_p: p-value of "all methods rank alike"; NaN with fewer than two datasets or methods.
        critical_difference: mean ranks that lie at least this far apart differ, at the given level; NaN likewise.
    """

    mean_ranks: NDArray[np.float64]
    friedman_p: float
    critical_difference: float


def compare_ranks(figures: ArrayLike, level: float = 0.95) -> RankComparison:
    """Rank methods on every dataset and compare their mean ranks.

    Args:
        figures: (D, M) a figure for each dataset and method, higher = better; ties share their mean rank.
        level: confidence level of the critical difference.

    Raises:
        ValueError: a figure is missing (NaN). Ranks over unequal sets of datasets mean nothing: leave out the
            datasets, or the methods, with missing figures.
    """
    from scipy.special import chdtrc
    from scipy.stats import rankdata

    given = np.asarray(figures, np.float64)
    if given.ndim != 2:
        raise ValueError(f"figures must be (datasets, methods), not of shape {given.shape}")
    if np.isnan(given).any():
        raise ValueError("figures hold NaN: only datasets on which every method was measured can be ranked")
    datasets, methods = given.shape
    if datasets < 2 or methods < 2:
        means = rankdata(-given, axis=1).mean(axis=0) if datasets else np.full(methods, math.nan)
        return RankComparison(means, math.nan, math.nan)
    centred = rankdata(-given, axis=1) - (methods + 1) / 2
    between = float((centred.sum(axis=0) ** 2).sum())
    within = float((centred**2).sum())
    statistic = (methods - 1) * between / within if within else 0.0  # Friedman 1937, with Conover's correction for ties
    means = centred.mean(axis=0)
    error = math.sqrt(methods * (methods + 1) / (6 * datasets))
    return RankComparison(
        means + (methods + 1) / 2, float(chdtrc(methods - 1, statistic)), _nemenyi_quantile(methods, level) * error
    )


def _nemenyi_quantile(methods: int, level: float) -> float:
    from scipy.stats import studentized_range

    return float(studentized_range.ppf(level, methods, math.inf)) / math.sqrt(2)
