"""Intervals of pixel figures: against recomputing on resampled images, and against the truth of simulated data."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats
from simulated import simulated_histograms, subject_maps

from adbench.metrics import aupro, auroc, pixel_differences, pixel_histograms, pixel_intervals, pixel_values
from adbench.metrics.bootstrap import resample


def images(count: int = 10, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    masks = np.zeros((count, 16, 16), bool)
    for number in range(0, count, 2):
        masks[number, 3 : 5 + number % 7, 2:6] = True
        masks[number, 14, 14] = True
    return masks, rng.standard_normal(masks.shape) + 1.2 * masks + 0.5 * rng.standard_normal((count, 1, 1))


def test_resampled_figures_are_those_of_the_repeated_images() -> None:
    masks, maps = images()
    rng = np.random.default_rng(1)
    draws = rng.multinomial(10, np.full(10, 0.1), 6).astype(np.float32)
    found = resample(pixel_histograms(masks, maps), draws, 0.3)
    for draw, auroc_found, aupro_found in zip(draws, *found, strict=True):
        rows = np.repeat(np.arange(10), draw.astype(int))
        assert auroc_found == pytest.approx(auroc(masks[rows], maps[rows]), abs=1e-3)
        assert aupro_found == pytest.approx(aupro(masks[rows], maps[rows]), abs=1e-3)


def test_intervals_hold_the_exact_figures_and_the_seed_decides() -> None:
    masks, maps = images(20)
    exact = (auroc(masks, maps), aupro(masks, maps))
    counted = pixel_histograms(masks, maps)
    found = pixel_intervals(counted, exact=exact)
    assert (found.auroc.value, found.aupro.value) == exact
    for figure in found:
        assert 0 < figure.low < figure.value < figure.high < 1
        assert figure.standard_error > 0
    assert pixel_intervals(counted, exact=exact) == found
    assert pixel_intervals(counted, exact=exact, seed=1) != found


def test_standard_errors_are_the_spread_over_resampled_images() -> None:
    masks, maps = images(20)
    found = pixel_intervals(pixel_histograms(masks, maps))
    rng, strata = np.random.default_rng(7), (np.arange(0, 20, 2), np.arange(1, 20, 2))
    rows = [np.concatenate([rng.choice(stratum, 10) for stratum in strata]) for _ in range(300)]
    # A sample of ten has nine parts of ten of the variance.
    for figure, measure in zip(found, (auroc, aupro), strict=True):
        drawn = [measure(masks[chosen], maps[chosen]) for chosen in rows]
        assert figure.standard_error == pytest.approx(np.std(drawn) * math.sqrt(10 / 9), rel=0.15)


def test_groups_are_what_varies() -> None:
    masks, maps = images(20)
    copies = [np.repeat(array, 4, axis=0) for array in (masks, maps)]
    alone = pixel_intervals(pixel_histograms(masks, maps))
    grouped = pixel_intervals(pixel_histograms(*copies, np.repeat(np.arange(20), 4)))
    naive = pixel_intervals(pixel_histograms(*copies))
    for one, same, narrow in zip(alone, grouped, naive, strict=True):
        assert same == pytest.approx(one, abs=1e-3)
        assert narrow.high - narrow.low < 0.7 * (one.high - one.low)


@pytest.mark.parametrize("sign", [1, -1])
def test_perfect_maps_still_have_an_interval(sign: int) -> None:
    masks, _ = images(20)
    found = pixel_intervals(pixel_histograms(masks, sign * masks.astype(float)))
    for figure in found:
        assert figure.value == pytest.approx(1 if sign > 0 else 0)
        assert 0.05 < figure.high - figure.low < 0.6


@pytest.mark.parametrize("normals", [0, 1, 2])
def test_few_units_give_intervals_where_two_are_abnormal(normals: int) -> None:
    masks, maps = images(4 + normals)
    masks[1] = masks[0]
    masks[3:] = False
    counted = pixel_histograms(masks[: 2 + normals], maps[: 2 + normals])
    assert all(figure.low < figure.value < figure.high for figure in pixel_intervals(counted))


def test_one_abnormal_unit_gives_figures_without_intervals() -> None:
    masks, maps = images(6)
    masks[1:] = False
    counted = pixel_histograms(masks, maps)
    for figure in pixel_intervals(counted):
        assert 0 < figure.value < 1
        assert all(map(math.isnan, figure[1:]))
    other = pixel_histograms(masks, -maps)
    for difference in pixel_differences(counted, other):
        assert not math.isnan(difference.value)
        assert all(map(math.isnan, difference[1:]))


@pytest.mark.parametrize("filled", [False, True])
def test_one_class_of_pixels_has_no_figures(filled: bool) -> None:
    counted = pixel_histograms(np.full((3, 4, 4), filled), np.zeros((3, 4, 4)))
    for figure in (*pixel_intervals(counted), *pixel_differences(counted, counted)):
        assert all(map(math.isnan, figure))


def test_differences_are_paired() -> None:
    masks, maps = images(40)
    noisy = maps + np.random.default_rng(5).standard_normal(maps.shape)
    first, second = pixel_histograms(masks, maps), pixel_histograms(masks, noisy)
    found = pixel_differences(first, second)
    for difference, a, b in zip(found, pixel_values(first), pixel_values(second), strict=True):
        assert difference.value == pytest.approx(a - b)
        assert difference.low > 0
        assert difference.p < 0.05
    assert tuple(pixel_differences(first, first).auroc) == (0.0, 0.0, 0.0, 1.0)
    apart = [figures.aupro.high - figures.aupro.low for figures in map(pixel_intervals, (first, second))]
    assert found.aupro.high - found.aupro.low < sum(apart) / 2


def test_images_count_by_their_abnormal_pixels_and_by_their_regions() -> None:
    """Degrees of freedom after Kish 1965: a large lesion among small ones is worth less than one more image."""
    masks, maps = images(20)
    noisy = maps + np.random.default_rng(5).standard_normal(maps.shape)
    found = pixel_differences(pixel_histograms(masks, maps), pixel_histograms(masks, noisy))
    # A column of four pixels is 2 to 8 rows high, and one pixel lies apart; every image has two regions.
    pixels = np.array([4 * (2 + number % 7) + 1 for number in range(0, 20, 2)])
    freedoms = pixels.sum() ** 2 / (pixels**2).sum() - 1, 10 - 1
    for difference, freedom in zip(found, freedoms, strict=True):
        error = (difference.high - difference.low) / 2 / stats.t.ppf(0.975, freedom)
        assert difference.p == pytest.approx(2 * stats.t.sf(difference.value / error, freedom), rel=1e-6)


def test_histograms_of_other_images_are_refused() -> None:
    masks, maps = images()
    with pytest.raises(ValueError, match="same images"):
        pixel_differences(pixel_histograms(masks, maps), pixel_histograms(masks[::-1], maps[::-1]))


@pytest.mark.slow
def test_intervals_cover_the_truth_and_equal_methods_are_rarely_called_different() -> None:
    rng = np.random.default_rng(31)
    abnormal, normal, draws = 40, 20, 1_000
    truth = pixel_values(simulated_histograms(rng, 4_000, 2_000, rng.integers(1, 30, 4_000)))
    covered, different = np.zeros(2), np.zeros(2)
    for number in range(draws):
        lesions = rng.integers(1, 30, abnormal)
        first, second = (simulated_histograms(rng, abnormal, normal, lesions) for _ in range(2))
        intervals = pixel_intervals(first, resamples=300, seed=number)
        covered += [figure.low <= true <= figure.high for figure, true in zip(intervals, truth, strict=True)]
        different += [found.p < 0.05 for found in pixel_differences(first, second, resamples=300, seed=number)]
    assert ((covered / draws >= 0.93) & (covered / draws <= 0.97)).all()
    assert ((different / draws >= 0.035) & (different / draws <= 0.065)).all()


@pytest.mark.slow
def test_intervals_by_subject_cover_the_truth_where_those_by_image_promise_too_much() -> None:
    rng = np.random.default_rng(32)
    masks, maps, _ = subject_maps(rng, 6_000)
    truth, draws, fewer = pixel_values(pixel_histograms(masks, maps)), 1_000, 200
    by_subject, by_image = np.zeros(2), np.zeros(2)
    for number in range(draws):
        masks, maps, groups = subject_maps(rng, 60)
        # That images promise too much shows after fewer draws.
        for covered, units in ((by_subject, groups), (by_image, None))[: 2 if number < fewer else 1]:
            found = pixel_intervals(pixel_histograms(masks, maps, units, bins=256), resamples=300, seed=number)
            covered += [figure.low <= true <= figure.high for figure, true in zip(found, truth, strict=True)]
    assert ((by_subject / draws >= 0.93) & (by_subject / draws <= 0.97)).all()
    assert (by_image / fewer < 0.9).all()


def test_simulated_units_are_histograms() -> None:
    counted = simulated_histograms(np.random.default_rng(0), 2, 1, np.array([3, 4]))
    assert counted.abnormal.sum(axis=1).tolist() == [3, 4, 0]
