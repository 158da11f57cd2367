"""Quantiles from printed tables, variances by hand, interval ends by trying every share."""

from __future__ import annotations

import math

import numpy as np
import pytest
from references import hanley_mcneil, newcombe_ends

from adbench.metrics.interval import check_level, logit_interval, model_variance, score_interval, student_quantile, unknown


@pytest.mark.parametrize(
    ("level", "freedom", "quantile"),
    [(0.95, 1, 12.7062), (0.95, 10, 2.2281), (0.99, 10, 3.1693), (0.9, 30, 1.6973), (0.95, math.inf, 1.95996)],
)
def test_quantiles_are_those_of_the_tables(level: float, freedom: float, quantile: float) -> None:
    assert student_quantile(level, freedom) == pytest.approx(quantile, abs=5e-5)


def test_the_variance_of_the_model_by_hand() -> None:
    # 0.9 * 0.1 * (1 + 9 * 0.1 / 1.1 + 9 * 0.9 / 1.9) / 100
    assert model_variance(0.9, 10, 10) == pytest.approx(0.0054732057, abs=1e-10)
    # 0.25 * (1 + 5 / 3 + 5 / 3) / 32, with (4 + 8) / 2 - 1 = 5 for the sizes
    assert model_variance(0.5, 4, 8) == pytest.approx(0.25 * 13 / 3 / 32)
    assert model_variance(1.0, 4, 8) == model_variance(0.0, 4, 8) == 0


@pytest.mark.parametrize("share", [0.03, 0.5, 0.81, 0.999])
def test_the_variance_is_that_of_hanley_and_mcneil(share: float) -> None:
    assert model_variance(share, 30, 70) == pytest.approx(hanley_mcneil(share, 30, 70), rel=1e-12)


@pytest.mark.parametrize(
    ("value", "positives", "negatives", "scale", "freedom"),
    [
        (0.8, 20, 30, 1.0, math.inf),
        (0.3, 12, 9, 2.5, 14.0),
        (0.97, 50, 50, 0.4, 60.0),
        (1.0, 6, 6, 1.0, 8.0),
        (0.0, 6, 9, 1.5, 8.0),
    ],
)
def test_the_ends_are_the_last_shares_that_allow_the_value(
    value: float, positives: int, negatives: int, scale: float, freedom: float
) -> None:
    for level in (0.9, 0.95):
        found = score_interval(value, positives, negatives, scale, freedom, level)
        reach = student_quantile(level, freedom) * math.sqrt(scale)
        assert found == pytest.approx(newcombe_ends(value, positives, negatives, reach), abs=2e-6)


def test_ends_without_variance_and_at_the_borders() -> None:
    assert score_interval(0.7, 5, 5, scale=0) == (0.7, 0.7)
    assert score_interval(1.0, 5, 5)[1] == 1
    assert score_interval(0.0, 5, 5)[0] == 0
    low, high = score_interval(0.3, 5, 8)
    assert score_interval(0.7, 5, 8) == pytest.approx((1 - high, 1 - low), abs=1e-9)


def test_logit_intervals_by_hand() -> None:
    assert logit_interval(0.5, 1.0, math.inf, 0.95) == pytest.approx((0.123471, 0.876529), abs=1e-6)
    ends = [1 / (1 + math.exp(-(math.log(4) + side * 2.228139 * 0.5))) for side in (-1, 1)]
    assert logit_interval(0.8, 0.5, 10, 0.95) == pytest.approx(ends, abs=1e-6)
    assert logit_interval(0.8, 0.0, 10, 0.95) == pytest.approx((0.8, 0.8))


def test_an_unknown_interval_keeps_its_value() -> None:
    np.testing.assert_array_equal(unknown(0.4), (0.4, math.nan, math.nan, math.nan))
    assert all(math.isnan(end) for end in unknown())


@pytest.mark.parametrize("level", [0.0, 1.0, -0.1, 1.5])
def test_a_level_outside_its_range_is_refused(level: float) -> None:
    with pytest.raises(ValueError, match=r"level must lie in \(0, 1\)"):
        check_level(level)
