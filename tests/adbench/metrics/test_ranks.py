"""Mean ranks against scipy's Friedman test and the tables of Demsar 2006."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from adbench.metrics import compare_ranks, nemenyi


@pytest.mark.parametrize("digits", [8, 1])
def test_friedman_is_scipys(digits: int) -> None:
    figures = np.round(np.random.default_rng(0).random((9, 5)) + np.linspace(0, 0.3, 5), digits)
    assert compare_ranks(figures).friedman_p == pytest.approx(stats.friedmanchisquare(*figures.T).pvalue, rel=1e-9)


@pytest.mark.parametrize(("methods", "quantile"), [(2, 1.960), (3, 2.343), (4, 2.569), (5, 2.728), (10, 3.164)])
def test_critical_difference_has_the_published_quantiles(methods: int, quantile: float) -> None:
    found = compare_ranks(np.random.default_rng(1).random((14, methods)))
    wanted = quantile * math.sqrt(methods * (methods + 1) / (6 * 14))
    assert found.critical_difference == pytest.approx(wanted, rel=5e-4)


def test_pairs_differ_when_they_lie_a_critical_difference_apart() -> None:
    figures = np.random.default_rng(2).random((12, 4)) + np.array([0, 0.2, 0.5, 0.9])
    found = compare_ranks(figures, level=0.9)
    apart = np.abs(found.mean_ranks[:, None] - found.mean_ranks)
    p_values = nemenyi(figures)
    np.testing.assert_array_equal(p_values < 0.1, apart > found.critical_difference)
    np.testing.assert_array_equal(p_values, p_values.T)


def test_best_is_first_and_ties_share() -> None:
    found = compare_ranks([[0.9, 0.8, 0.8], [0.7, 0.5, 0.6]])
    np.testing.assert_allclose(found.mean_ranks, [1.0, 2.75, 2.25])


def test_alike_methods_do_not_differ() -> None:
    found = compare_ranks(np.full((6, 3), 0.5))
    assert found.mean_ranks.tolist() == [2, 2, 2]
    assert found.friedman_p == 1
    np.testing.assert_allclose(nemenyi(np.full((6, 3), 0.5)), 1)


@pytest.mark.parametrize("shape", [(1, 3), (3, 1), (0, 2)])
def test_too_few_to_test_gives_ranks_only(shape: tuple[int, int]) -> None:
    found = compare_ranks(np.arange(math.prod(shape), dtype=float).reshape(shape))
    assert math.isnan(found.friedman_p)
    assert math.isnan(found.critical_difference)
    assert found.mean_ranks.shape == (shape[1],)


@pytest.mark.parametrize(("figures", "match"), [([[0.5, math.nan]], "NaN"), ([0.5], "datasets, methods")])
def test_bad_input_raises(figures: list, match: str) -> None:
    with pytest.raises(ValueError, match=match):
        compare_ranks(figures)
