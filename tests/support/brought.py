"""A test plugin with metrics: some work, each of the others fails in one way."""

from __future__ import annotations

import math
import sys

import numpy as np

import adbench


def gap(labels: np.ndarray, scores: np.ndarray) -> float:
    """Distance of the mean scores, in grey levels: any number from 0."""
    return abs(float(scores[labels].mean() - scores[~labels].mean()))


def misses(labels: np.ndarray, scores: np.ndarray) -> float:
    """Share of abnormal images below the highest normal one: lower is better."""
    return float(np.mean(scores[labels] <= scores[~labels].max()))


def overlap(masks: np.ndarray, maps: np.ndarray) -> float:
    """Intersection over union at the mean of all maps."""
    found = maps > maps.mean()
    return float((found & masks).sum() / (found | masks).sum())


def nothing(labels: np.ndarray, scores: np.ndarray) -> None:
    """Gives no figure."""
    print("this goes to stderr")


def raises(labels: np.ndarray, scores: np.ndarray) -> float:
    """A bug."""
    raise ZeroDivisionError("a bug in the metric")


def exits(labels: np.ndarray, scores: np.ndarray) -> float:
    """Leaves."""
    sys.exit(3)


def writes(labels: np.ndarray, scores: np.ndarray) -> float:
    """Changes the scores."""
    scores[:] = 0
    return 1.0


def nan(labels: np.ndarray, scores: np.ndarray) -> float:
    """No number."""
    return math.nan


def beyond(labels: np.ndarray, scores: np.ndarray) -> float:
    """Out of its range."""
    return 1.5


def text(labels: np.ndarray, scores: np.ndarray) -> str:
    """Not a number."""
    return "much"


GAP = adbench.MetricCard(
    name="image_gap",
    title="Gap of the means",
    kind="image",
    factory="brought:gap",
    computed="Distance of the means.",
    range=(0.0, math.inf),
)
MISSES = adbench.MetricCard(
    name="image_misses", title="Misses", kind="image", factory="brought:misses", higher_is_better=False, computed="Share missed."
)
OVERLAP = adbench.MetricCard(name="pixel_overlap", title="Overlap", kind="pixel", factory="brought:overlap")
FAULTY = {
    "raises": "ZeroDivisionError: a bug in the metric",
    "exits": "SystemExit: 3",
    "writes": "ValueError: assignment destination is read-only",
    "nan": "it gave nan, which is not in 0 to 1",
    "beyond": "it gave 1.5, which is not in 0 to 1",
    "text": "ValueError: could not convert string to float: 'much'",
    "absent": "The metric image_absent cannot be loaded from brought:absent: module 'brought' has no attribute 'absent'",
    "nothing": "",
}


@adbench.hookimpl
def adbench_metrics() -> list[adbench.MetricCard]:
    """All of them."""
    faulty = [
        adbench.MetricCard(name=f"image_{name}", title=name.title(), kind="image", factory=f"brought:{name}") for name in FAULTY
    ]
    return [GAP, MISSES, OVERLAP, *faulty]
