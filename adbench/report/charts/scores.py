"""Histograms of raw image scores, normal against abnormal."""

from __future__ import annotations

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from adbench.report.charts.svg import Frame, curve, element, line, linear, picture, text

WIDTH, HEIGHT = 300, 150
LEFT, TOP, INNER_WIDTH, INNER_HEIGHT = 12, 8, 276, 112
BINS = 30
TAIL = 0.01
HEAVY = 6.0  # a range this many times that of the inner 98 % would put everything in one bin


def score_range(scores: NDArray) -> tuple[float, float]:
    """Ends of the score axis: all scores, or the inner 98 % where a few lie far out."""
    finite = scores[np.isfinite(scores)]
    if not finite.size:
        return 0.0, 0.0
    low, high = float(finite.min()), float(finite.max())
    inner_low, inner_high = (float(end) for end in np.quantile(finite, [TAIL, 1 - TAIL]))
    heavy = inner_high > inner_low and high - low > HEAVY * (inner_high - inner_low)
    return (inner_low, inner_high) if heavy else (low, high)


def score_histogram(labels: NDArray, scores: NDArray, description: str) -> tuple[Markup, int]:
    """Shares of each class in bins of equal width.

    Returns:
        The picture, and how many images lie beyond its ends; they are counted in the outermost bins.
    """
    low, high = score_range(scores)
    beyond = int(((scores < low) | (scores > high)).sum())
    edges = np.linspace(low, high, BINS + 1) if high > low else np.array([low - 0.5, low + 0.5])
    shares = [_shares(scores[chosen], edges) for chosen in (~labels, labels)]
    top = max((float(share.max()) for share in shares if share.size), default=0.0) or 1.0
    base = TOP + INNER_HEIGHT
    frame = Frame(
        LEFT,
        TOP,
        INNER_WIDTH,
        INNER_HEIGHT,
        linear(float(edges[0]), float(edges[-1]), LEFT, LEFT + INNER_WIDTH),
        linear(0, top, base, TOP + 4),
    )
    parts = [
        element("path", d=_steps(frame, edges, share) + "Z", class_=name)
        for name, share in zip(("bars-normal", "bars-abnormal"), shares, strict=True)
        if share.size
    ]
    parts.append(line(frame.left, base, frame.right, base, "frame"))
    parts += [text(frame.left, base + 15, f"{low:.3g}", "start"), text(frame.right, base + 15, f"{high:.3g}", "end")]
    parts.append(text(frame.left + frame.width / 2, base + 27, "score", class_="axis"))
    return picture(WIDTH, HEIGHT, description, *parts), beyond


def _shares(scores: NDArray, edges: NDArray) -> NDArray:
    if not scores.size:
        return np.zeros(0)
    return np.histogram(np.clip(scores, edges[0], edges[-1]), edges)[0] / scores.size


def _steps(frame: Frame, edges: NDArray, shares: NDArray) -> str:
    xs = np.repeat([frame.x(float(edge)) for edge in edges], 2)
    heights = np.repeat([frame.y(float(share)) for share in shares], 2)
    return curve(xs, np.concatenate([[frame.bottom], heights, [frame.bottom]]))
