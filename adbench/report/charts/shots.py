"""AUROC over k, the number of images that a few-* track grants."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from adbench.report.charts.svg import (
    Frame,
    curve,
    element,
    line,
    linear,
    picture,
    series_class,
    share_axis,
    share_range,
    share_ticks,
    text,
)

WIDTH, HEIGHT = 300, 230
LEFT, TOP, INNER_WIDTH, INNER_HEIGHT = 40, 10, 244, 178
DODGE = 5  # methods are drawn side by side, so that their bars can be told apart


@dataclass(frozen=True)
class ShotSeries:
    """One method: `points` are (k, AUROC, standard deviation over seeds or None), sorted by k."""

    index: int
    points: Sequence[tuple[int, float, float | None]]


def shots_chart(series: Sequence[ShotSeries], description: str) -> Markup:
    """Lines over k on a logarithmic axis, with a bar of one standard deviation each way."""
    ks = sorted({k for one in series for k, _, _ in one.points})
    reach = [value + sign * (spread or 0) for one in series for _, value, spread in one.points for sign in (-1, 1)]
    low, high = share_range([min(max(value, 0.0), 1.0) for value in reach])
    across = linear(math.log(ks[0]), math.log(ks[-1]), LEFT + 16, LEFT + INNER_WIDTH - 16)
    frame = Frame(LEFT, TOP, INNER_WIDTH, INNER_HEIGHT, lambda k: across(math.log(k)), linear(low, high, TOP + INNER_HEIGHT, TOP))
    parts = [share_axis(frame, share_ticks(low, high))]
    parts += [text(frame.x(k), frame.bottom + 16, str(k)) for k in ks]
    parts.append(text(frame.left + frame.width / 2, frame.bottom + 33, "k", class_="axis"))
    for place, one in enumerate(series):
        aside = DODGE * (place - (len(series) - 1) / 2)
        style = series_class(one.index)
        xs, ys = [frame.x(k) + aside for k, _, _ in one.points], [frame.y(value) for _, value, _ in one.points]
        parts.append(element("path", d=curve(xs, ys), class_=f"curve {style}"))
        for (_, value, spread), x, y in zip(one.points, xs, ys, strict=True):
            if spread:
                ends = [frame.y(min(max(value + sign * spread, low), high)) for sign in (-1, 1)]
                parts.append(line(x, ends[0], x, ends[1], f"spread {style}"))
            parts.append(element("circle", cx=x, cy=y, r=3.5, class_=f"dot {style}"))
    return picture(WIDTH, HEIGHT, description, *parts)
