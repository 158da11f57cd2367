"""Confidence intervals of pixel AUROC and AUPRO, and of differences, by resampling images or groups.

Pixels of an image are anything but independent, so whole images are drawn, with replacement; or whole groups if a
subject has several images. Units with abnormal pixels and units without are drawn separately, as many as there are, so
that every resample has both classes. A paired comparison uses the same draws for both methods.

The resamples give the standard error, on the logit scale for a single figure. The interval uses Student's quantile, with
degrees of freedom from the effective number of units with abnormal pixels: in simulations with 30 to 180 images this
covered 94 % to 96 % of the time where plain percentiles covered 89 % to 96 %.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from adbench.metrics.comparison import Difference, student_difference
from adbench.metrics.histograms import Histograms, aupro_of_bins, auroc_of_bins
from adbench.metrics.interval import Interval, check_level, logit_interval, score_interval, unknown

BLOCK = 250  # resamples in memory at a time


class PixelFigures(NamedTuple):
    """Pixel AUROC and AUPRO with their intervals.

    Attributes:
        auroc: of all pixels of all images.
        aupro: up to the given limit, divided by it.
    """

    auroc: Interval
    aupro: Interval


class PixelDifferences(NamedTuple):
    """Differences of pixel AUROC and AUPRO between two methods, with their intervals.

    Attributes:
        auroc: first minus second, in [-1, 1].
        aupro: likewise.
    """

    auroc: Difference
    aupro: Difference


class Resampled(NamedTuple):
    """Two figures of each of R resamples."""

    auroc: NDArray[np.float64]  # (R,)
    aupro: NDArray[np.float64]  # (R,)


def pixel_intervals(
    histograms: Histograms,
    *,
    exact: tuple[float, float] | None = None,
    limit: float = 0.3,
    resamples: int = 1000,
    level: float = 0.95,
    seed: int = 0,
) -> PixelFigures:
    """Pixel AUROC and AUPRO with confidence intervals, within [0, 1].

    Args:
        histograms: of U images or groups, see `pixel_histograms`.
        exact: both figures if known from the raw scores; else they are taken from the bins.
        limit: false-positive rate in (0, 1] where the curve of the AUPRO ends.
        resamples: how many draws of U units.
        level: confidence level.
        seed: of the draws.

    Returns:
        All NaN without abnormal or without normal pixels; no interval if only one unit has abnormal ones.
    """
    check_level(level)
    values = exact if exact is not None else pixel_values(histograms, limit)
    drawn = resample(histograms, _draws(histograms, resamples, seed), limit)
    freedoms = _freedoms(histograms)
    intervals = [
        _interval(value, figures, freedom, histograms, level)
        for value, figures, freedom in zip(values, drawn, freedoms, strict=True)
    ]
    return PixelFigures(*intervals)


def pixel_differences(
    first: Histograms,
    second: Histograms,
    *,
    exact: tuple[float, float] | None = None,
    limit: float = 0.3,
    resamples: int = 1000,
    level: float = 0.95,
    seed: int = 0,
) -> PixelDifferences:
    """Differences of pixel AUROC and AUPRO of two methods on the same images, first minus second.

    Args:
        first: of U images or groups, see `pixel_histograms`.
        second: of the same units in the same order and with the same masks; the bins need not agree.
        exact: both differences if known from the raw scores; else they are taken from the bins.
        limit: see `pixel_intervals`.
        resamples: likewise.
        level: likewise.
        seed: likewise.

    Returns:
        All NaN without abnormal or without normal pixels; neither interval nor p if only one unit has abnormal ones.

    Raises:
        ValueError: in some unit, the two differ in the number of normal pixels, abnormal pixels or regions.
    """
    check_level(level)
    _check_same_images(first, second)
    draws = _draws(first, resamples, seed)
    values = exact
    if values is None:
        (auroc_a, aupro_a), (auroc_b, aupro_b) = pixel_values(first, limit), pixel_values(second, limit)
        values = (auroc_a - auroc_b, aupro_a - aupro_b)
    units = np.count_nonzero(first.regions)
    differences = []
    pairs = zip(resample(first, draws, limit), resample(second, draws, limit), strict=True)
    for value, (drawn_a, drawn_b), freedom in zip(values, pairs, _freedoms(first), strict=True):
        variance = _nan_variance(drawn_a - drawn_b) * units / (units - 1) if units > 1 else math.nan
        differences.append(student_difference(value, variance, freedom, level))
    return PixelDifferences(*differences)


def pixel_values(histograms: Histograms, limit: float = 0.3) -> tuple[float, float]:
    """Pixel AUROC and AUPRO of all units together, in [0, 1], from the bins; NaN without abnormal or without normal pixels.

    Args:
        histograms: of U images or groups, see `pixel_histograms`.
        limit: false-positive rate in (0, 1] where the curve of the AUPRO ends.
    """
    auroc, aupro = resample(histograms, np.ones((1, histograms.regions.size), np.float32), limit)
    return float(auroc[0]), float(aupro[0])


def resample(histograms: Histograms, draws: NDArray[np.float32], limit: float) -> Resampled:
    """Figures of resamples.

    Args:
        histograms: of U units.
        draws: (R, U) how often each resample holds each unit.
        limit: false-positive rate in (0, 1] where the curve of the AUPRO ends.
    """
    aurocs, aupros = [], []
    for start in range(0, len(draws), BLOCK):
        block = draws[start : start + BLOCK]
        normal = block @ histograms.normal
        aurocs.append(auroc_of_bins(normal, block @ histograms.abnormal))
        aupros.append(aupro_of_bins(normal, block @ histograms.overlap, block @ histograms.regions, limit))
    return Resampled(np.concatenate(aurocs), np.concatenate(aupros))


def _draws(histograms: Histograms, resamples: int, seed: int) -> NDArray[np.float32]:
    """(R, U) resamples of the units with and without abnormal pixels, separately if there are at least two of each."""
    rng = np.random.default_rng(seed)
    abnormal = histograms.regions > 0
    strata = [np.flatnonzero(abnormal), np.flatnonzero(~abnormal)]
    if min(stratum.size for stratum in strata) < 2:
        strata = [np.arange(abnormal.size)]
    draws = np.zeros((resamples, abnormal.size), np.float32)
    for stratum in strata:
        if stratum.size:
            draws[:, stratum] = rng.multinomial(stratum.size, np.full(stratum.size, 1 / stratum.size), resamples)
    return draws


def _check_same_images(first: Histograms, second: Histograms) -> None:
    for name in ("normal", "abnormal", "regions"):
        counts = getattr(first, name), getattr(second, name)
        totals = [count.reshape(len(count), -1).sum(axis=1) for count in counts]
        if not np.array_equal(*totals):
            raise ValueError("the histograms are not of the same images with the same masks")


def _freedoms(histograms: Histograms) -> tuple[float, float]:
    """Degrees of freedom of both figures: units count by their abnormal pixels, or by their regions (Kish 1965)."""
    pixels = histograms.abnormal.sum(axis=1, dtype=np.float64)
    weights = (pixels, histograms.regions.astype(np.float64))
    effective = (float(weight.sum() ** 2 / max(weight @ weight, 1.0)) for weight in weights)
    auroc, aupro = (max(count - 1, 1.0) for count in effective)
    return auroc, aupro


def _interval(value: float, drawn: NDArray[np.float64], freedom: float, histograms: Histograms, level: float) -> Interval:
    units = int(np.count_nonzero(histograms.regions))
    if math.isnan(value) or units < 2:
        return unknown(value)
    widening = math.sqrt(units / (units - 1))
    error = math.sqrt(_nan_variance(drawn)) * widening
    if not 0 < value < 1:
        # Perfect separation: as for images, only the number of units tells anything.
        normal_units = int(np.count_nonzero(histograms.normal.any(axis=1)))
        return Interval(value, *score_interval(value, units, normal_units, level=level), error)
    inner = np.clip(drawn, 1e-9, 1 - 1e-9)
    logit_error = math.sqrt(_nan_variance(np.log(inner / (1 - inner)))) * widening
    return Interval(value, *logit_interval(value, logit_error, freedom, level), error)


def _nan_variance(drawn: NDArray[np.float64]) -> float:
    """Variance over the resamples that hold both classes: with a handful of units, not all do."""
    measured = drawn[~np.isnan(drawn)]
    return float(np.var(measured)) if measured.size else math.nan
