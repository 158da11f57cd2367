"""Sensitivity at a bounded false-alarm rate."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

LIMIT = 0.05


def sensitivity_at_5_fpr(labels: ArrayLike, scores: ArrayLike) -> float | None:
    """The largest true-positive rate at a false-positive rate of at most 0.05; see `sensitivity_at_fpr`."""
    return sensitivity_at_fpr(labels, scores, LIMIT)


def sensitivity_at_fpr(labels: ArrayLike, scores: ArrayLike, limit: float) -> float | None:
    """The largest true-positive rate at a threshold with a false-positive rate of at most `limit`.

    Args:
        labels: (N,) bool or 0 and 1, 1 = abnormal.
        scores: (N,) real numbers, any range, higher = more anomalous; no threshold separates equal scores.
        limit: in [0, 1].

    Returns:
        In [0, 1]; None where a class is missing.
    """
    abnormal = np.asarray(labels, bool)
    values = np.asarray(scores, np.float64)
    found, alarms = values[abnormal], np.sort(values[~abnormal])[::-1]
    if not found.size or not alarms.size:
        return None
    allowed = np.count_nonzero(np.arange(1, alarms.size + 1) / alarms.size <= limit)
    if allowed == alarms.size:
        return 1.0
    # The threshold must lie above the first normal score that would exceed the limit.
    return float(np.mean(found > alarms[allowed]))
