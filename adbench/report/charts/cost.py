"""Cost of a method against its AUROC."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from adbench.report.charts.svg import (
    Frame,
    element,
    line,
    linear,
    log_ticks,
    logarithmic,
    picture,
    series_class,
    share_axis,
    share_range,
    share_ticks,
    shortened,
    text,
)

WIDTH, HEIGHT = 340, 250
LEFT, TOP, INNER_WIDTH, INNER_HEIGHT = 40, 10, 284, 196
LABEL_LENGTH, LABEL_GAP, LETTER = 26, 14, 6.2
LEAST = 1e-3  # a logarithmic axis has no zero
ROOM = 2.3  # factor beyond the outermost points, so that any axis holds two round numbers


@dataclass(frozen=True)
class CostPoint:
    """One method: what it costs on average and its mean AUROC."""

    index: int
    name: str
    cost: float
    value: float


def cost_chart(points: Sequence[CostPoint], axis: str, description: str) -> Markup:
    """Cost on a logarithmic axis titled `axis`, mean AUROC upwards; up and left is better."""
    costs = [max(point.cost, LEAST) for point in points]
    left, right = min(costs) / ROOM, max(costs) * ROOM
    low, high = share_range([point.value for point in points])
    frame = Frame(
        LEFT,
        TOP,
        INNER_WIDTH,
        INNER_HEIGHT,
        logarithmic(left, right, LEFT, LEFT + INNER_WIDTH),
        linear(low, high, TOP + INNER_HEIGHT, TOP),
    )
    parts = [share_axis(frame, share_ticks(low, high))]
    for tick in log_ticks(left, right):
        parts.append(line(frame.x(tick), frame.top, frame.x(tick), frame.bottom, "grid"))
        parts.append(text(frame.x(tick), frame.bottom + 16, _round(tick)))
    parts.append(text(frame.left + frame.width / 2, frame.bottom + 33, axis, class_="axis"))
    taken: list[tuple[float, float, float]] = []
    for point, cost in sorted(zip(points, costs, strict=True), key=lambda pair: -pair[0].value):
        x, y = frame.x(cost), frame.y(point.value)
        parts.append(element("circle", cx=x, cy=y, r=5, class_=f"dot {series_class(point.index)}"))
        parts.append(_label(point.name, x, y, frame, taken))
    return picture(WIDTH, HEIGHT, description, *parts)


def _round(tick: float) -> str:
    return f"{tick:,.0f}" if tick >= 1 else f"{tick:g}"


def _label(name: str, x: float, y: float, frame: Frame, taken: list[tuple[float, float, float]]) -> Markup:
    """Put a label beside its point, on the side with room, and move it down while it covers another label."""
    shown = shortened(name, LABEL_LENGTH)
    width = LETTER * len(shown)
    leftwards = x + 9 + width > frame.right
    start = x - 9 - width if leftwards else x + 9
    baseline = max(y + 4, frame.top + 10)
    while any(abs(baseline - other) < LABEL_GAP and start < end and begin < start + width for begin, end, other in taken):
        baseline += LABEL_GAP
    taken.append((start, start + width, baseline))
    return element(
        "g", element("title", name), text(x + (-9 if leftwards else 9), baseline, shown, "end" if leftwards else "start", "label")
    )
