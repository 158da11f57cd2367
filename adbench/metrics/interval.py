"""A figure with its confidence interval, and how intervals of a share are made from a variance."""

from __future__ import annotations

import math
from typing import NamedTuple


class Interval(NamedTuple):
    """A measured figure and what the sample leaves open.

    Attributes:
        value: the figure; NaN where it cannot be measured.
        low: lower end of the interval; NaN where the sample is too small to give one.
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


def logit_interval(value: float, variance: float, freedom: float, level: float) -> tuple[float, float]:
    """Ends of the interval of a share strictly between 0 and 1, symmetric in its logit.

    A plain interval of an AUROC near 1 runs over 1 and covers too little on the side of 0.5; in the logit, whose
    standard error is that of the value divided by value * (1 - value), it does neither (Pepe 2003, section 5.2.4;
    Qin and Hotilovac 2008).
    """
    centre = math.log(value / (1 - value))
    half = student_quantile(level, freedom) * math.sqrt(variance) / (value * (1 - value))
    return _expit(centre - half), _expit(centre + half)


def _expit(logit: float) -> float:
    return 1 / (1 + math.exp(-logit)) if logit > 0 else 1 - 1 / (1 + math.exp(min(logit, 700)))
