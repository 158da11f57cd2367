"""A metric over the seeds of a method, and over datasets, with its spread and interval."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, stdev

from adbench.results.record import CellRecord, ScoreTable


@dataclass(frozen=True)
class Figure:
    """A metric of one method on one dataset, over seeds; or its mean over datasets.

    Attributes:
        value: mean over seeds, in [0, 1].
        seeds: the seeds that were measured.
        std: standard deviation over seeds (n - 1); None with a single seed.
        interval: ends of the 95 % interval from the sample of test images; None if unknown.
        by_seed: the figure of each seed.
    """

    value: float
    seeds: tuple[int, ...]
    std: float | None
    interval: tuple[float, float] | None = None
    by_seed: tuple[float, ...] = ()


def over_seeds(metric: str, cells: Sequence[CellRecord], kept: Mapping[str, ScoreTable]) -> Figure:
    """The figure of one method on one dataset.

    Args:
        metric: that all of the cells measured.
        cells: one per seed.
        kept: id to scores of the cells whose scores are available, for intervals missing from records.
    """
    values = [float(cell.metrics[metric] or 0) for cell in cells]
    spread = stdev(values) if len(values) > 1 else None
    intervals = [_interval(metric, cell, kept.get(cell.id)) for cell in cells]
    known = [interval for interval in intervals if interval]
    # Seeds share their test images: the ends are averaged, not narrowed.
    interval = tuple(map(fmean, zip(*known, strict=True))) if len(known) == len(intervals) else None
    return Figure(fmean(values), tuple(cell.seed for cell in cells), spread, interval, tuple(values))  # type: ignore[arg-type]


def _interval(metric: str, cell: CellRecord, scores: ScoreTable | None) -> tuple[float, float] | None:
    """As recorded, or computed if an older record has none for the image AUROC."""
    if metric in cell.intervals:
        low, high = cell.intervals[metric]
        return low, high
    if metric != "image_auroc" or scores is None:
        return None
    from adbench.metrics.delong import auroc_interval

    found = auroc_interval(scores.labels, scores.scores, scores.subjects)
    return None if math.isnan(found.low) else (found.low, found.high)


def over_datasets(figures: Sequence[Figure]) -> Figure:
    """Mean over datasets. Their samples are independent: distances from the value to the ends add in quadrature (Zou 2008)."""
    value = fmean(figure.value for figure in figures)
    by_seed = [dict(zip(figure.seeds, figure.by_seed, strict=True)) for figure in figures]
    seeds = sorted(set(by_seed[0]).intersection(*by_seed))
    means = tuple(fmean(values[seed] for values in by_seed) for seed in seeds)
    intervals = [(figure.value, *figure.interval) for figure in figures if figure.interval]
    interval = None
    if len(intervals) == len(figures):
        below = math.hypot(*(middle - low for middle, low, _ in intervals)) / len(intervals)
        above = math.hypot(*(high - middle for middle, _, high in intervals)) / len(intervals)
        interval = (value - below, value + above)
    return Figure(value, tuple(seeds), stdev(means) if len(means) > 1 else None, interval, means)
