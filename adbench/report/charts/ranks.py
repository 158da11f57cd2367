"""Critical-difference diagram: mean ranks, and which methods the data cannot tell apart (Demsar 2006, figure 1)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from markupsafe import Markup

from adbench.metrics.ranks import RankComparison
from adbench.report.charts.svg import curve, element, line, linear, picture, series_class, shortened, text

STEP, SPANS, LETTER, GAP = 80, (140, 320), 6.6, 24
AXIS, FIRST_BAR, BAR_STEP, ROW = 62, 74, 9, 24
LABEL_LENGTH = 26


def cliques(mean_ranks: Sequence[float], critical_difference: float) -> list[tuple[int, int]]:
    """Longest stretches of sorted ranks that lie closer together than the critical difference, as (first, last)."""
    found: list[tuple[int, int]] = []
    for first in range(len(mean_ranks)):
        last = max(
            place for place in range(first, len(mean_ranks)) if mean_ranks[place] - mean_ranks[first] < critical_difference
        )
        if last > first and (not found or last > found[-1][1]):
            found.append((first, last))
    return found


def rank_diagram(comparison: RankComparison, names: Sequence[str], indices: Sequence[int], description: str) -> Markup:
    """Best rank at the left; a bar joins methods that do not differ at the level of the critical difference."""
    order = np.argsort(comparison.mean_ranks, kind="stable")
    ranks = [float(comparison.mean_ranks[place]) for place in order]
    labels = [f"{shortened(names[method], LABEL_LENGTH)} {rank:.2f}" for rank, method in zip(ranks, order, strict=True)]
    margin = GAP + LETTER * max(len(label) for label in (*labels, "mean rank"))
    width = min(max(STEP * (len(ranks) - 1), SPANS[0]), SPANS[1]) + 2 * margin
    across = linear(1, len(ranks), margin, width - margin)
    joined = cliques(ranks, comparison.critical_difference)
    first_row = FIRST_BAR + BAR_STEP * len(joined) + 18
    half = (len(ranks) + 1) // 2
    parts = [_scale([across(rank) for rank in range(1, len(ranks) + 1)])]
    parts.append(_ruler(across(1), across(1 + comparison.critical_difference), comparison.critical_difference))
    for place, (rank, method, label) in enumerate(zip(ranks, order, labels, strict=True)):
        left = place < half
        y = first_row + ROW * (place if left else len(ranks) - 1 - place)
        edge, anchor = (margin - 14, "end") if left else (width - margin + 14, "start")
        path = curve([across(rank), across(rank), edge], [AXIS, y, y])
        parts.append(element("path", d=path, class_=f"leader {series_class(indices[method])}"))
        words = text(edge - 6 if left else edge + 6, y + 4, label, anchor, "label")
        parts.append(element("g", element("title", names[method]), words))
    for number, (first, last) in enumerate(joined):
        y = FIRST_BAR + BAR_STEP * number
        parts.append(line(across(ranks[first]) - 5, y, across(ranks[last]) + 5, y, "clique"))
    return picture(width, first_row + ROW * half, description, *parts, wide=True)


def _scale(places: Sequence[float]) -> Markup:
    left, right = places[0], places[-1]
    parts = [line(left, AXIS, right, AXIS, "frame")]
    for rank, x in enumerate(places, start=1):
        parts.append(line(x, AXIS - 5, x, AXIS, "frame") + text(x, AXIS - 9, str(rank)))
    parts.append(text(left - 16, AXIS + 4, "mean rank", "end", "axis"))
    return Markup("").join(parts)


def _ruler(left: float, right: float, difference: float) -> Markup:
    ends = [line(x, 20, x, 28, "frame") for x in (left, right)]
    label = text((left + right) / 2, 14, f"critical difference {difference:.2f}", class_="axis")
    return Markup("").join([line(left, 24, right, 24, "frame"), *ends, label])
