"""A figure with its confidence interval, and how intervals of a share follow from a variance."""

from __future__ import annotations

import math
from typing import NamedTuple

TINY = 1e-12  # shares are found to this precision


class Interval(NamedTuple):
    """A measured figure and its uncertainty from the sample.

    Attributes:
        value: the figure; NaN if it cannot be measured.
        low: lower end of the interval; NaN if the sample is too small to give one.
        high: upper end, likewise.
        standard_error: of the value, likewise.
    """

    value: float
    low: float
    high: float
    standard_error: float


def unknown(value: float = math.nan) -> Interval:
    """A figure without an interval."""
    return Interval(value, math.nan, math.nan, math.nan)


def check_level(level: float) -> None:
    """Raise `ValueError` unless this is a confidence level."""
    if not 0 < level < 1:
        raise ValueError(f"level must lie in (0, 1), not {level}")


def student_quantile(level: float, freedom: float) -> float:
    """Half-width, in standard errors, of a two-sided interval at this level."""
    from scipy.special import stdtrit

    return float(stdtrit(freedom, (1 + level) / 2))


def model_variance(share: float, positives: float, negatives: float) -> float:
    """Variance of an AUROC of this size under Hanley and McNeil's model, with Newcombe's symmetric sizes (2006)."""
    half_size = (positives + negatives) / 2 - 1
    inner = 1 + half_size * (1 - share) / (2 - share) + half_size * share / (1 + share)
    return share * (1 - share) * inner / (positives * negatives)


def score_interval(
    value: float, positives: float, negatives: float, scale: float = 1.0, freedom: float = math.inf, level: float = 0.95
) -> tuple[float, float]:
    """Interval of an AUROC by inverting its score test (Newcombe 2006, method 5).

    The ends are the shares whose own variance just allows the value seen. Unlike value +- error, the interval stays
    within [0, 1], is longer towards 0.5, and also covers perfect separation.

    Args:
        value: the AUROC, in [0, 1].
        positives: number of abnormal images, or of groups.
        negatives: number of normal ones, likewise.
        scale: the real variance as a multiple of the model's.
        freedom: degrees of freedom of that estimate.
        level: confidence level.
    """
    from scipy.optimize import brentq

    if scale == 0:
        return value, value
    reach = student_quantile(level, freedom) ** 2 * scale

    def excess(share: float) -> float:
        return (value - share) ** 2 - reach * model_variance(share, positives, negatives)

    # At the value itself the excess is negative; at 0 and 1, where the variance vanishes, it is positive, or zero if the
    # value is 0 or 1: then that value is an end.
    inner = min(max(value, TINY), 1 - TINY)
    low = float(brentq(excess, TINY, inner)) if value > 0 and excess(TINY) > 0 else 0.0
    high = float(brentq(excess, inner, 1 - TINY)) if value < 1 and excess(1 - TINY) > 0 else 1.0
    return low, high


def logit_interval(value: float, error: float, freedom: float, level: float) -> tuple[float, float]:
    """Interval of a share strictly between 0 and 1, symmetric in its logit, which cannot leave [0, 1].

    Args:
        value: the share.
        error: standard error of its logit.
        freedom: degrees of freedom of that estimate.
        level: confidence level.
    """
    centre, half = math.log(value / (1 - value)), student_quantile(level, freedom) * error
    low, high = (0.5 + 0.5 * math.tanh(logit / 2) for logit in (centre - half, centre + half))
    return low, high
