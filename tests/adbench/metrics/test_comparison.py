"""Paired tests of two methods, and Holm's correction."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from simulated import grouped_scores, simple_scores, two_methods

from adbench.metrics import Contrast, Difference, auroc, holm, mean_contrast, paired_difference


def test_difference_is_that_of_the_aurocs_and_turns_with_the_order() -> None:
    rng = np.random.default_rng(0)
    labels, first, groups = grouped_scores(rng, 30, 0.9)
    second = first + rng.standard_normal(labels.size)
    found, turned = paired_difference(labels, first, second, groups), paired_difference(labels, second, first, groups)
    assert found.value == pytest.approx(auroc(labels, first) - auroc(labels, second), abs=1e-12)
    assert turned == pytest.approx((-found.value, -found.high, -found.low, found.p), abs=1e-12)
    assert found.low < found.value < found.high


def test_variance_is_delongs_covariance_matrix() -> None:
    rng = np.random.default_rng(2)
    labels, first = simple_scores(rng, 80, 120, 0.85)
    second = first + rng.standard_normal(200)
    wins = [np.array([[p > n for n in scores[~labels]] for p in scores[labels]]) for scores in (first, second)]
    covariance = np.cov([w.mean(axis=1) for w in wins]) / 80 + np.cov([w.mean(axis=0) for w in wins]) / 120
    error = math.sqrt(covariance[0, 0] + covariance[1, 1] - 2 * covariance[0, 1])
    found = paired_difference(labels, first, second)
    assert (found.high - found.low) / 2 == pytest.approx(1.97 * error, rel=0.01)  # Student, some 150 degrees of freedom


@pytest.mark.parametrize("change", [lambda scores: scores, lambda scores: 3 * scores - 7, np.exp])
def test_the_same_ranking_is_no_difference_for_certain(change: object) -> None:
    labels, scores = simple_scores(np.random.default_rng(0), 1, 5, 0.8)
    assert paired_difference(labels, scores, change(scores)) == (0.0, 0.0, 0.0, 1.0)


def test_pairing_finds_what_separate_intervals_hide() -> None:
    rng = np.random.default_rng(1)
    labels, scores = simple_scores(rng, 150, 150, 0.9)
    worse = scores + 0.5 * rng.standard_normal(300)
    assert paired_difference(labels, scores, worse).low > 0


@pytest.mark.parametrize("labels", [[0, 0, 0], [1, 1, 1]])
def test_one_class_cannot_be_compared(labels: list[int]) -> None:
    assert all(map(math.isnan, paired_difference(labels, [1, 2, 3], [3, 2, 1])))


def test_single_image_of_a_class_gives_a_value_and_no_verdict() -> None:
    found = paired_difference([0, 0, 0, 1], [0, 1, 2, 3], [0, 1, 3, 2])
    assert found.value == pytest.approx(1 / 3)
    assert all(map(math.isnan, found[1:]))


@given(st.integers(0, 2**32), st.integers(2, 8), st.integers(2, 8))
def test_interval_and_p_value_agree(seed: int, positives: int, negatives: int) -> None:
    rng = np.random.default_rng(seed)
    labels, first = simple_scores(rng, positives, negatives, 0.8, digits=0)
    found = paired_difference(labels, first, np.round(rng.standard_normal(labels.size)))
    assert -1 <= found.low <= found.value <= found.high <= 1
    if abs(found.p - 0.05) > 1e-9 and found.low > -1 and found.high < 1:
        assert (found.p < 0.05) == (found.low > 0 or found.high < 0)


def false_positives(pairs: list[Difference]) -> float:
    return float(np.mean([found.p < 0.05 for found in pairs]))


@pytest.mark.slow
@pytest.mark.parametrize("quality", [0.75, 0.9])
def test_equally_good_methods_are_rarely_called_different(quality: float) -> None:
    rng = np.random.default_rng(21)
    labels = np.repeat([True, False], [80, 120])
    images = np.arange(labels.size)
    pairs = [paired_difference(labels, *two_methods(rng, labels, images, quality)) for _ in range(2_000)]
    assert 0.035 <= false_positives(pairs) <= 0.065


@pytest.mark.slow
@pytest.mark.parametrize("mixed", [False, True])
def test_nor_are_they_when_images_come_in_groups(mixed: bool) -> None:
    rng = np.random.default_rng(22)
    pairs = []
    for _ in range(2_000):
        labels, _, groups = grouped_scores(rng, 80, 0.8, mixed)
        pairs.append(paired_difference(labels, *two_methods(rng, labels, groups, 0.8), groups))
    assert 0.035 <= false_positives(pairs) <= 0.065


def test_the_mean_over_datasets_by_hand() -> None:
    found = mean_contrast([Contrast(0.02, 4e-4, 10), Contrast(0.04, 1e-4, 20), Contrast(-0.03, 9e-4, 5)])
    # Satterthwaite: 14 squared over 16 / 10 + 1 / 20 + 81 / 5.
    assert found == pytest.approx((0.01, 14e-4 / 9, 196 / 17.85), rel=1e-12)
    certain = Contrast(0.0, 0.0, math.inf)
    assert mean_contrast([certain, Contrast(0.02, 4e-4, 10)]) == pytest.approx((0.01, 1e-4, 10), rel=1e-12)
    assert mean_contrast([certain, certain]) == (0, 0, math.inf)


def test_interval_and_p_value_from_a_variance_by_hand() -> None:
    # Student's t with 10 degrees of freedom lies within 2.2281 of 0 with 95 % and within 1.0 with 65.907 %.
    found = Contrast(0.02, 4e-4, 10).difference()
    assert found == pytest.approx((0.02, 0.02 - 2.228139 * 0.02, 0.02 + 2.228139 * 0.02, 0.340893), abs=1e-6)
    assert Contrast(0.9, 0.25, 10).difference()[1:3] == pytest.approx((0.9 - 2.228139 / 2, 1.0), abs=1e-6)
    assert Contrast(-0.9, 0.25, 10).difference()[1:3] == pytest.approx((-1.0, 2.228139 / 2 - 0.9), abs=1e-6)
    assert Contrast(0.3, 0.0, math.inf).difference() == (0.3, 0.3, 0.3, 0.0)


def test_holm_equals_a_step_down_by_hand() -> None:
    np.testing.assert_allclose(holm([0.01, 0.04, 0.03, 0.005]), [0.03, 0.06, 0.06, 0.02])
    np.testing.assert_allclose(holm([0.5, math.nan, 0.4]), [0.8, math.nan, 0.8])
    assert holm([]).shape == (0,)
    with pytest.raises(ValueError, match="p-values"):
        holm([1.5])


@given(st.lists(st.floats(0, 1), min_size=1, max_size=8))
def test_holm_rejects_in_order_until_the_first_that_stands(p_values: list[float]) -> None:
    level, order = 0.05, np.argsort(p_values, kind="stable")
    rejected = set()
    for step, which in enumerate(order):
        if p_values[which] * (len(p_values) - step) > level:
            break
        rejected.add(int(which))
    assert {int(i) for i in np.flatnonzero(holm(p_values) <= level)} == rejected
