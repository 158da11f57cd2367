"""All figures of a test set with their intervals, under the names of the catalogue."""

from __future__ import annotations

import math
from typing import NamedTuple

from numpy.typing import ArrayLike

from adbench.metrics.bootstrap import pixel_intervals
from adbench.metrics.catalogue import AUPRO_LIMIT, CONFIDENCE, RESAMPLES
from adbench.metrics.delong import auroc_interval
from adbench.metrics.histograms import pixel_histograms
from adbench.metrics.interval import Interval
from adbench.metrics.ranking import ranking_figures
from adbench.metrics.region import aupro


class Figures(NamedTuple):
    """Named figures of one test set.

    Attributes:
        metrics: name to value in [0, 1]; None if it cannot be measured (one class only).
        intervals: name to the ends of the 95 % interval; a metric without one is absent.
    """

    metrics: dict[str, float | None]
    intervals: dict[str, list[float]]


def image_figures(labels: ArrayLike, scores: ArrayLike, groups: ArrayLike | None = None) -> Figures:
    """The image figures of the catalogue.

    Args:
        labels: (N,) bool or 0 and 1, 1 = abnormal.
        scores: (N,) real numbers, any range, higher = more anomalous.
        groups: (N,) subjects; None: every image is its own group.
    """
    found = ranking_figures(labels, scores)
    values = {
        "image_auroc": found.auroc,
        "image_ap": found.average_precision,
        "image_f1_max": found.f1_max,
        "image_fpr95": found.fpr_at_95_tpr,
    }
    return _figures(values, {"image_auroc": auroc_interval(labels, scores, groups, CONFIDENCE)})


def pixel_figures(masks: ArrayLike, maps: ArrayLike, groups: ArrayLike | None = None, limit: float = AUPRO_LIMIT) -> Figures:
    """The pixel figures of the catalogue: values from the raw maps, intervals from 1,000 resamples of images or groups.

    Args:
        masks: (N, H, W) bool or 0 and 1, 1 = abnormal.
        maps: (N, H, W) finite real numbers, any range, higher = more anomalous.
        groups: (N,) subjects; None: every image is its own group.
        limit: false-positive rate in (0, 1] where the curve of the AUPRO ends.
    """
    found = ranking_figures(masks, maps)
    values = {
        "pixel_auroc": found.auroc,
        "pixel_ap": found.average_precision,
        "pixel_aupro": aupro(masks, maps, limit),
    }
    exact = (values["pixel_auroc"], values["pixel_aupro"])
    drawn = pixel_intervals(
        pixel_histograms(masks, maps, groups), exact=exact, limit=limit, resamples=RESAMPLES, level=CONFIDENCE
    )
    return _figures(values, {"pixel_auroc": drawn.auroc, "pixel_aupro": drawn.aupro})


def _figures(values: dict[str, float], intervals: dict[str, Interval]) -> Figures:
    measured = {name: None if math.isnan(value) else float(value) for name, value in values.items()}
    known = {name: [float(found.low), float(found.high)] for name, found in intervals.items() if not math.isnan(found.low)}
    return Figures(measured, known)
