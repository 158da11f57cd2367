"""Figures and their errors by scikit-learn and by sums over pairs: slow, simple, and independent of adbench."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy import stats
from sklearn import metrics


class Variance(NamedTuple):
    """Variance of an AUROC, or of a difference of two, with its degrees of freedom."""

    variance: float
    freedom: float


def image_metrics(labels: np.ndarray, scores: np.ndarray) -> dict[str, float]:
    """The four image figures under the names of the catalogue."""
    precision, recall, _ = metrics.precision_recall_curve(labels, scores)
    false_alarms, found, _ = metrics.roc_curve(labels, scores, drop_intermediate=False)
    return {
        "image_auroc": float(metrics.roc_auc_score(labels, scores)),
        "image_ap": float(metrics.average_precision_score(labels, scores)),
        "image_f1_max": float(np.max(2 * precision * recall / np.maximum(precision + recall, 1e-300))),
        "image_fpr95": float(false_alarms[np.argmax(found >= 0.95)]),
    }


def area_up_to(labels: np.ndarray, scores: np.ndarray, limit: float) -> float:
    """Area under the ROC curve up to a false-positive rate, divided by it: the AUPRO where every region is one pixel.

    scikit-learn rescales the area so that chance is 0.5 and perfection 1 (McClish 1989); this is undone here.
    """
    rescaled = metrics.roc_auc_score(labels, scores, max_fpr=limit)
    least, most = limit**2 / 2, limit
    return float(least + (2 * rescaled - 1) * (most - least)) / limit


def pair_wins(labels: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """(positives, negatives): 1, 1/2 or 0, whether the positive has the higher score."""
    positives, negatives = scores[labels.astype(bool)][:, None], scores[~labels.astype(bool)]
    return (positives > negatives) + 0.5 * (positives == negatives)


def delong(labels: np.ndarray, scores: np.ndarray, minus: np.ndarray | None = None) -> Variance:
    """DeLong's variance (1988) of an AUROC, or of its difference from that of other scores; Satterthwaite's degrees of freedom."""
    wins = pair_wins(labels, scores) - (0 if minus is None else pair_wins(labels, minus))
    positives, negatives = wins.shape
    parts = wins.mean(axis=1).var(ddof=1) / positives, wins.mean(axis=0).var(ddof=1) / negatives
    squares = parts[0] ** 2 / (positives - 1) + parts[1] ** 2 / (negatives - 1)
    return Variance(sum(parts), sum(parts) ** 2 / squares)


def student_ends(value: float, spread: Variance, level: float = 0.95) -> tuple[float, float]:
    """A value plus and minus Student's quantile times its error."""
    half = stats.t.ppf((1 + level) / 2, spread.freedom) * spread.variance**0.5
    return value - half, value + half


def hanley_mcneil(area: float, positives: int, negatives: int) -> float:
    """Variance of an AUROC under their model (1982), with the mean of the sizes for both (Newcombe 2006)."""
    q1, q2 = area / (2 - area), 2 * area**2 / (1 + area)
    others = (positives + negatives) / 2 - 1
    return (area * (1 - area) + others * (q1 + q2 - 2 * area**2)) / (positives * negatives)


def newcombe_ends(value: float, positives: int, negatives: int, reach: float) -> tuple[float, float]:
    """The least and greatest share, to 1e-6, within `reach` of its own errors from the value."""
    shares = np.linspace(0, 1, 1_000_001)
    within = (value - shares) ** 2 <= reach**2 * hanley_mcneil(shares, positives, negatives)
    return float(shares[within].min()), float(shares[within].max())


def auroc_ends(labels: np.ndarray, scores: np.ndarray) -> tuple[float, float]:
    """The 95 % interval of an AUROC whose DeLong variance exceeds the model's: a score interval widened to it."""
    value, spread = float(metrics.roc_auc_score(labels, scores)), delong(labels, scores)
    positives, negatives = pair_wins(labels, scores).shape
    scale = spread.variance / hanley_mcneil(value, positives, negatives)
    assert scale > 1, "smaller ones are only partly trusted: choose other scores"
    reach = stats.t.ppf(0.975, spread.freedom) * scale**0.5
    return newcombe_ends(value, positives, negatives, reach)
