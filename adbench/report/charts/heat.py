"""Heat map of methods and datasets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from adbench.render.words import MISSING, percent
from adbench.report.charts.svg import element, picture, shortened, text

CELL_WIDTH, LINE, HEAD = 76, 13, 30
NAME_LENGTH, DETAIL_LENGTH, HEAD_LENGTH = 26, 32, 11
NAME_LETTER, DETAIL_LETTER, LABEL_GAP = 7.6, 6.6, 10  # widths in a wide font; a narrow one leaves some room
CHANCE = 0.5
# Tint strength at which the readable text colour (contrast 4.5 to 1 or more) switches between black and white, on a dark
# page and on a light one.
STRONG = {"heat-good": (0.595, 0.835), "heat-bad": (0.575, 0.98)}


@dataclass(frozen=True)
class HeatRow:
    """One row: one figure per column, None = not measured, and which of these failed. `details`: lines below the name."""

    name: str
    details: Sequence[str]
    values: Sequence[float | None]
    failed: Sequence[bool]


def heat_map(rows: Sequence[HeatRow], columns: Sequence[str], description: str) -> Markup:
    """Tints grow from chance (50 %) to 100 %; figures below chance have another hue."""
    left = LABEL_GAP + max(
        [NAME_LETTER * min(len(row.name), NAME_LENGTH) for row in rows]
        + [DETAIL_LETTER * min(len(detail), DETAIL_LENGTH) for row in rows for detail in row.details]
    )
    height = LINE * (1 + max(len(row.details) for row in rows)) + 10
    parts = []
    for place, name in enumerate(columns):
        x = left + (place + 0.5) * CELL_WIDTH
        parts.append(element("g", element("title", name), text(x, HEAD - 10, shortened(name, HEAD_LENGTH), class_="axis")))
    for number, row in enumerate(rows):
        top = HEAD + number * height
        parts.append(_label(row, left - LABEL_GAP, top + (height - LINE * (1 + len(row.details))) / 2))
        for place, (value, failed) in enumerate(zip(row.values, row.failed, strict=True)):
            parts.append(_cell(left + place * CELL_WIDTH, top, height, value, failed))
    return picture(left + len(columns) * CELL_WIDTH + 4, HEAD + len(rows) * height + 4, description, *parts, wide=True)


def _label(row: HeatRow, right: float, top: float) -> Markup:
    lines = [text(right, top + 11, shortened(row.name, NAME_LENGTH), "end", "label")]
    for number, detail in enumerate(row.details, start=1):
        lines.append(text(right, top + 11 + LINE * number, shortened(detail, DETAIL_LENGTH), "end", "detail"))
    return element("g", element("title", ", ".join((row.name, *row.details))), *lines)


def _cell(x: float, y: float, height: float, value: float | None, failed: bool) -> Markup:
    box = {"x": x + 1, "y": y + 1, "width": CELL_WIDTH - 2, "height": height - 2, "rx": 3}
    centre, baseline = x + CELL_WIDTH / 2, y + height / 2 + 4
    if value is None:
        word, style = ("failed", "heat-failed") if failed else (MISSING, "heat-missing")
        return element("rect", **box, class_="heat-none") + text(centre, baseline, word, class_=style)
    strength = abs(value - CHANCE) / (1 - CHANCE)
    side = "heat-good" if value >= CHANCE else "heat-bad"
    on_dark, on_light = STRONG[side]
    depth = " heat-strong" if strength >= on_light else " heat-middle" if strength >= on_dark else ""
    tint = element("rect", **box, class_=side, fill_opacity=f"{0.06 + 0.94 * strength:.2f}")
    return tint + text(centre, baseline, percent(value), class_=f"heat-text{depth}")
