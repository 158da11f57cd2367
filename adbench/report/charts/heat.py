"""Heat map of methods and datasets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from adbench.render.words import MISSING, percent
from adbench.report.charts.svg import element, picture, shortened, text

LABEL_WIDTH, CELL_WIDTH, CELL_HEIGHT, HEAD = 200, 84, 36, 30
NAME_LENGTH, DETAIL_LENGTH, HEAD_LENGTH = 27, 33, 12
CHANCE = 0.5
# Tints from here on are nearer to the text than to its inverse: on a dark page sooner than on a light one.
STRONG_ON_DARK, STRONG_ON_LIGHT = 0.55, 0.77


@dataclass(frozen=True)
class HeatRow:
    """One row: a figure a column, None = not measured, and which of these failed. `detail`: track and marks."""

    name: str
    detail: str
    values: Sequence[float | None]
    failed: Sequence[bool]


def heat_map(rows: Sequence[HeatRow], columns: Sequence[str], description: str) -> Markup:
    """Tints grow from chance (50 %) to 100 %; what is worse than chance has another hue."""
    parts = []
    for place, name in enumerate(columns):
        x = LABEL_WIDTH + (place + 0.5) * CELL_WIDTH
        parts.append(element("g", element("title", name), text(x, HEAD - 10, shortened(name, HEAD_LENGTH), class_="axis")))
    for number, row in enumerate(rows):
        y = HEAD + number * CELL_HEIGHT
        name = text(LABEL_WIDTH - 10, y + 16, shortened(row.name, NAME_LENGTH), "end", "label")
        detail = text(LABEL_WIDTH - 10, y + 29, shortened(row.detail, DETAIL_LENGTH), "end", "detail")
        parts.append(element("g", element("title", f"{row.name}, {row.detail}"), name, detail))
        for place, (value, failed) in enumerate(zip(row.values, row.failed, strict=True)):
            parts.append(_cell(LABEL_WIDTH + place * CELL_WIDTH, y, value, failed))
    width = LABEL_WIDTH + len(columns) * CELL_WIDTH + 4
    return picture(width, HEAD + len(rows) * CELL_HEIGHT + 4, description, *parts, wide=True)


def _cell(x: float, y: float, value: float | None, failed: bool) -> Markup:
    box = {"x": x + 1, "y": y + 1, "width": CELL_WIDTH - 2, "height": CELL_HEIGHT - 2, "rx": 3}
    centre, baseline = x + CELL_WIDTH / 2, y + 22
    if value is None:
        word, style = ("failed", "heat-failed") if failed else (MISSING, "heat-missing")
        return element("rect", **box, class_="heat-none") + text(centre, baseline, word, class_=style)
    strength = abs(value - CHANCE) / (1 - CHANCE)
    side = "heat-good" if value >= CHANCE else "heat-bad"
    depth = " heat-strong" if strength >= STRONG_ON_LIGHT else " heat-middle" if strength >= STRONG_ON_DARK else ""
    tint = element("rect", **box, class_=side, fill_opacity=f"{0.06 + 0.94 * strength:.2f}")
    return tint + text(centre, baseline, percent(value), class_=f"heat-text{depth}")
