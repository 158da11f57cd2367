"""Small building blocks of SVG. Every text and attribute is escaped here, once."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup, escape
from numpy.typing import ArrayLike

from adbench.words import printable

Scale = Callable[[float], float]
COLOURS = 8
DASHES = 3
GRID = 0.5  # curves are drawn to half a unit of the picture


@dataclass(frozen=True)
class Frame:
    """The plotting area inside a picture, in its units; `x` and `y` map data into it."""

    left: float
    top: float
    width: float
    height: float
    x: Scale
    y: Scale

    @property
    def right(self) -> float:
        """Right edge."""
        return self.left + self.width

    @property
    def bottom(self) -> float:
        """Lower edge."""
        return self.top + self.height


def element(tag: str, *children: str, **attributes: object) -> Markup:
    """`<tag ...>children</tag>`; plain strings are escaped, `class_` is class, `_` becomes `-`, None is left out."""
    named = "".join(
        f' {name.rstrip("_").replace("_", "-")}="{escape(_plain(value))}"'
        for name, value in attributes.items()
        if value is not None
    )
    shown = (child if isinstance(child, Markup) else printable(child) for child in children)
    return Markup(f"<{tag}{named}>") + Markup("").join(shown) + Markup(f"</{tag}>")


def picture(width: float, height: float, description: str, *children: str, wide: bool = False) -> Markup:
    """The whole drawing, with a description for screen readers. `wide` ones scroll on a phone."""
    return element(
        "svg",
        *children,
        viewBox=f"0 0 {_plain(width)} {_plain(height)}",
        role="img",
        aria_label=description,
        class_="chart wide" if wide else "chart",
        width=width if wide else None,
    )


def text(x: float, y: float, content: str, anchor: str = "middle", class_: str = "tick") -> Markup:
    """A piece of text; y is its baseline."""
    return element("text", content, x=x, y=y, text_anchor=anchor, class_=class_)


def line(x1: float, y1: float, x2: float, y2: float, class_: str) -> Markup:
    """A straight line."""
    return element("line", x1=x1, y1=y1, x2=x2, y2=y2, class_=class_)


def series_class(index: int) -> str:
    """Colour and dash of the method with this number: eight colours, then the same ones dashed."""
    return f"s{index % COLOURS} d{index // COLOURS % DASHES}"


def linear(low: float, high: float, start: float, end: float) -> Scale:
    """Maps [low, high] onto [start, end]; a single value lies in the middle."""
    if high == low:
        return lambda value: (start + end) / 2
    return lambda value: start + (value - low) / (high - low) * (end - start)


def logarithmic(low: float, high: float, start: float, end: float) -> Scale:
    """The same for the logarithms of positive numbers."""
    inner = linear(math.log(low), math.log(high), start, end)
    return lambda value: inner(math.log(value))


def curve(xs: ArrayLike, ys: ArrayLike) -> str:
    """Path data through points in picture units, without points that change nothing at this resolution."""
    points = np.round(np.column_stack([np.asarray(xs, float), np.asarray(ys, float)]) / GRID) * GRID
    points = points[np.append(True, (np.diff(points, axis=0) != 0).any(axis=1))]
    if len(points) > 2:
        into, out = points[1:-1] - points[:-2], points[2:] - points[1:-1]
        straight = np.isclose(into[:, 0] * out[:, 1], into[:, 1] * out[:, 0])
        points = points[np.concatenate([[True], ~straight, [True]])]
    return "M" + "L".join(f"{_plain(x)} {_plain(y)}" for x, y in points)


def share_range(values: Sequence[float]) -> tuple[float, float]:
    """Ends of an axis for figures in [0, 1]: multiples of 0.05 around them."""
    low, high = math.floor(min(values) * 20 - 1e-9) / 20, math.ceil(max(values) * 20 + 1e-9) / 20
    return max(low, 0.0), min(high, 1.0)


def share_ticks(low: float, high: float) -> list[float]:
    """Three to six multiples of 0.05, 0.1 or 0.2."""
    step = next(step for step in (0.05, 0.1, 0.2) if (high - low) / step <= 5.01)
    first = math.ceil(low / step - 1e-9)
    return [round(number * step, 2) for number in range(first, math.floor(high / step + 1e-9) + 1)]


def log_ticks(low: float, high: float) -> list[float]:
    """Round numbers (1, 2, 5 times a power of ten) within the range; only powers where there are many."""
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    for factors in ((1, 2, 5), (1,)):
        ticks = [factor * 10.0**power for power in powers for factor in factors if low <= factor * 10.0**power <= high]
        if len(ticks) <= 6:
            break
    return ticks


def share_axis(frame: Frame, ticks: Sequence[float]) -> Markup:
    """Horizontal grid lines with percentages at their left."""
    parts = [
        line(frame.left, frame.y(tick), frame.right, frame.y(tick), "grid")
        + text(frame.left - 6, frame.y(tick) + 4, f"{100 * tick:.0f}", "end")
        for tick in ticks
    ]
    return Markup("").join(parts)


def shortened(name: str, length: int) -> str:
    """The name cut to `length`; an ellipsis marks the cut."""
    return name if len(name) <= length else name[: length - 1] + "…"


def _plain(value: object) -> str:
    return f"{value:.1f}".removesuffix(".0") if isinstance(value, float) else printable(str(value))
