"""ROC curves of several methods on one dataset, image level."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from adbench.report.charts.svg import Frame, curve, element, line, linear, picture, series_class, text

WIDTH, HEIGHT = 300, 276
LEFT, TOP, SIDE = 40, 8, 228


def roc_points(labels: NDArray, scores: NDArray) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """False and true positive rates at every distinct threshold, from (0, 0) to (1, 1).

    Args:
        labels: (N,) bool, True = abnormal; both classes present.
        scores: (N,) raw, higher = more anomalous. Equal scores share one threshold, so ties draw a slope.
    """
    order = np.argsort(-scores, kind="stable")
    ranked = scores[order]
    last = np.append(np.flatnonzero(ranked[1:] != ranked[:-1]), len(ranked) - 1)
    hits = np.cumsum(labels[order])[last]
    alarms = last + 1 - hits
    return np.append(0.0, alarms / alarms[-1]), np.append(0.0, hits / hits[-1])


def roc_chart(curves: Sequence[tuple[int, NDArray, NDArray]], description: str) -> Markup:
    """Draw each (number of the method, labels, scores), thinly where a method has several; the diagonal is chance."""
    frame = Frame(LEFT, TOP, SIDE, SIDE, linear(0, 1, LEFT, LEFT + SIDE), linear(0, 1, TOP + SIDE, TOP))
    parts = [_axes(frame)]
    thin = " seeds" if len(curves) > len({index for index, _, _ in curves}) else ""
    for index, labels, scores in curves:
        alarms, hits = roc_points(labels, scores)
        path = curve([frame.x(value) for value in alarms], [frame.y(value) for value in hits])
        parts.append(element("path", d=path, class_=f"curve{thin} {series_class(index)}"))
    return picture(WIDTH, HEIGHT, description, *parts)


def _axes(frame: Frame) -> Markup:
    parts = [element("rect", x=frame.left, y=frame.top, width=frame.width, height=frame.height, class_="frame")]
    for tick in (0.0, 0.5, 1.0):
        x, y = frame.x(tick), frame.y(tick)
        parts.append(line(x, frame.top, x, frame.bottom, "grid") + line(frame.left, y, frame.right, y, "grid"))
        parts.append(text(x, frame.bottom + 15, f"{tick:g}") + text(frame.left - 6, y + 4, f"{tick:g}", "end"))
    parts.append(line(frame.left, frame.bottom, frame.right, frame.top, "chance"))
    parts.append(text(frame.left + frame.width / 2, frame.bottom + 31, "false positive rate", class_="axis"))
    x, y = 12, frame.top + frame.height / 2
    parts.append(
        element("text", "true positive rate", x=x, y=y, text_anchor="middle", class_="axis", transform=f"rotate(-90 {x} {y:g})")
    )
    return Markup("").join(parts)
