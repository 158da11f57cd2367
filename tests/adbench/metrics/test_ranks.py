"""Mean ranks against scipy's Friedman test and the tables of Demsar 2006."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from adbench.metrics import compare_ranks


@pytest.mark.parametrize("digits", [8, 1])
def test_friedman_is_scipys(digits: int) -> None:
    figures = np.round(np.random.default_rng(0).random((9, 5)) + np.linspace(0, 0.3, 5), digits)
    assert compare_ranks(figures).friedman_p == pytest.approx(stats.friedmanchisquare(*figures.T).pvalue, rel=1e-9)


# Demsar 2006, table 5 (a): critical values of the two-tailed Nemenyi test for 2 to 10 methods.
QUANTILES = {
    0.95: (1.960, 2.343, 2.569, 2.728, 2.850, 2.949, 3.031, 3.102, 3.164),
    0.90: (1.645, 2.052, 2.291, 2.459, 2.589, 2.693, 2.780, 2.855, 2.920),
}


@pytest.mark.parametrize("level", QUANTILES)
@pytest.mark.parametrize("methods", range(2, 11))
def test_critical_difference_has_the_published_quantiles(methods: int, level: float) -> None:
    found = compare_ranks(np.random.default_rng(1).random((14, methods)), level)
    quantile = found.critical_difference / math.sqrt(methods * (methods + 1) / (6 * 14))
    assert quantile == pytest.approx(QUANTILES[level][methods - 2], abs=1e-3)


def test_critical_difference_of_the_published_example() -> None:
    figures = np.random.default_rng(2).random((14, 4))
    assert round(compare_ranks(figures).critical_difference, 2) == 1.25
    assert round(compare_ranks(figures, 0.9).critical_difference, 2) == 1.12


def test_best_is_first_and_ties_share() -> None:
    found = compare_ranks([[0.9, 0.8, 0.8], [0.7, 0.5, 0.6]])
    np.testing.assert_allclose(found.mean_ranks, [1.0, 2.75, 2.25])


def test_alike_methods_do_not_differ() -> None:
    found = compare_ranks(np.full((6, 3), 0.5))
    assert found.mean_ranks.tolist() == [2, 2, 2]
    assert found.friedman_p == 1


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
