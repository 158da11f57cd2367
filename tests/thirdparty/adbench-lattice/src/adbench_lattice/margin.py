"""A figure that is no share: how far the labels lie apart."""

from __future__ import annotations

import numpy as np


def margin(labels: np.ndarray, scores: np.ndarray) -> float | None:
    """Least abnormal score less the largest normal one."""
    return None if labels.all() or not labels.any() else float(scores[labels].min() - scores[~labels].max())
