"""Intervals of the image AUROC: against sums over pairs, a bootstrap, and the truth of simulated data."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from simulated import grouped_scores, simple_scores

from adbench.metrics import auroc, auroc_interval
from adbench.metrics.delong import Spread, group_codes, placement_spread, placements


def pair_wins(labels: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """(positives, negatives) 1, 1/2 or 0."""
    return np.array([[(p > n) + 0.5 * (p == n) for n in scores[~labels]] for p in scores[labels]])


def spread_of(labels: np.ndarray, scores: np.ndarray, groups: np.ndarray | None = None) -> Spread:
    return placement_spread(placements(labels, scores), labels, group_codes(groups, labels.shape))


def resampled_aurocs(labels: np.ndarray, scores: np.ndarray, groups: np.ndarray, draws: int) -> np.ndarray:
    """AUROCs of bootstrap draws of groups."""
    rng = np.random.default_rng(0)
    members = [np.flatnonzero(groups == group) for group in np.unique(groups)]
    drawn = (np.concatenate([members[i] for i in rng.integers(0, len(members), len(members))]) for _ in range(draws))
    return np.array([auroc(labels[rows], scores[rows]) for rows in drawn])


two_classes = st.integers(0, 2**32).map(lambda seed: simple_scores(np.random.default_rng(seed), 12, 17, 0.8, digits=1))


@given(two_classes)
def test_placements_are_means_over_pairs(data: tuple[np.ndarray, np.ndarray]) -> None:
    wins, placed = pair_wins(*data), placements(*data)
    np.testing.assert_allclose(placed.positives, wins.mean(axis=1), atol=1e-12)
    np.testing.assert_allclose(placed.negatives, wins.mean(axis=0), atol=1e-12)


@given(two_classes)
def test_variance_without_groups_is_delongs(data: tuple[np.ndarray, np.ndarray]) -> None:
    wins = pair_wins(*data)
    wanted = wins.mean(axis=1).var(ddof=1) / wins.shape[0] + wins.mean(axis=0).var(ddof=1) / wins.shape[1]
    assert spread_of(*data).variance == pytest.approx(wanted, abs=1e-14)


def test_variance_with_groups_is_obuchowskis() -> None:
    labels, scores, groups = grouped_scores(np.random.default_rng(3), 25, 0.8)
    wins, numbers = pair_wins(labels, scores), np.unique(groups)
    share = wins.mean()
    of_positive, of_negative = groups[labels], groups[~labels]
    above = np.array([(wins.mean(axis=1) - share)[of_positive == g].sum() for g in numbers])
    below = np.array([(wins.mean(axis=0) - share)[of_negative == g].sum() for g in numbers])
    m, n = wins.shape
    positive_groups, negative_groups, both = len(set(of_positive)), len(set(of_negative)), len(numbers)
    s10 = positive_groups / ((positive_groups - 1) * m) * (above**2).sum()
    s01 = negative_groups / ((negative_groups - 1) * n) * (below**2).sum()
    s11 = both / (both - 1) * (above * below).sum()
    wanted = s10 / m + s01 / n + 2 * s11 / (m * n)
    assert spread_of(labels, scores, groups).variance == pytest.approx(wanted, rel=1e-12)


@pytest.mark.parametrize("subjects", [False, True])
def test_standard_error_is_that_of_a_bootstrap(subjects: bool) -> None:
    labels, scores, groups = grouped_scores(np.random.default_rng(5), 120, 0.85)
    units = groups if subjects else np.arange(labels.size)
    found = auroc_interval(labels, scores, units)
    drawn = resampled_aurocs(labels, scores, units, 1_500)
    assert found.standard_error == pytest.approx(drawn.std(), rel=0.1)
    assert (found.low, found.high) == pytest.approx(np.quantile(drawn, [0.025, 0.975]), abs=0.25 * (found.high - found.low))


def test_groups_of_one_change_nothing_and_copies_do() -> None:
    labels, scores = simple_scores(np.random.default_rng(1), 30, 40, 0.8)
    alone = auroc_interval(labels, scores)
    assert auroc_interval(labels, scores, np.arange(70).astype(str)) == pytest.approx(alone, abs=1e-12)
    copied = auroc_interval(np.tile(labels, 3), np.tile(scores, 3), np.tile(np.arange(70), 3))
    assert copied == pytest.approx(alone, abs=1e-9)


@given(hnp.arrays(np.bool_, st.integers(2, 12)), st.data())
def test_interval_holds_the_value_and_lies_in_its_range(labels: np.ndarray, data: st.DataObject) -> None:
    scores = data.draw(hnp.arrays(np.float64, labels.size, elements=st.sampled_from([0.0, 1e-300, 1.0, 1e300])))
    groups = data.draw(st.none() | hnp.arrays(np.int64, labels.size, elements=st.integers(0, 3)))
    found = auroc_interval(labels, scores, groups)
    if labels.all() or not labels.any():
        assert all(map(math.isnan, found))
    else:
        assert found.value == pytest.approx(auroc(labels, scores), abs=1e-12)
        assert 0 <= found.low <= found.value + 1e-9
        assert found.value - 1e-9 <= found.high <= 1


@pytest.mark.parametrize("sign", [1, -1])
def test_perfect_separation_still_has_an_interval_that_shrinks_with_the_sample(sign: int) -> None:
    widths = []
    for size in (3, 30, 300):
        labels = np.repeat([False, True], size)
        found = auroc_interval(labels, sign * np.arange(2.0 * size))
        assert found.value == (1 if sign > 0 else 0)
        widths.append(found.high - found.low)
    assert widths[0] > 0.3
    assert widths[0] > widths[1] > widths[2] > 0.001


def test_constant_scores_are_one_half_for_certain() -> None:
    assert auroc_interval([0, 0, 1, 1], np.zeros(4))[:3] == (0.5, 0.5, 0.5)


def test_single_positive_has_a_wide_interval_and_no_standard_error() -> None:
    found = auroc_interval([0] * 9 + [1], [*range(9), 6.5])
    assert found.value == pytest.approx(7 / 9)
    assert found.high - found.low > 0.5
    assert math.isnan(found.standard_error)


@pytest.mark.parametrize(
    ("labels", "scores", "options", "match"),
    [
        ([0, 1], [0.0, math.nan], {}, "NaN"),
        ([0, 1], [0.0, 1.0], {"groups": [1]}, "groups"),
        ([0, 1], [0.0, 1.0], {"level": 1.0}, "level"),
        ([[0, 1]], [[0.0, 1.0]], {}, r"\(N,\)"),
        ([0, 1], [0.0], {}, "shape"),
    ],
)
def test_bad_input_raises(labels: list, scores: list, options: dict, match: str) -> None:
    with pytest.raises(ValueError, match=match):
        auroc_interval(labels, scores, **options)


def coverage(draw: Callable[[], tuple], truth: float, draws: int = 1_000) -> float:
    """Share of the intervals that hold the truth."""
    intervals = (auroc_interval(*draw()) for _ in range(draws))
    return sum(found.low <= truth <= found.high for found in intervals) / draws


@pytest.mark.slow
@pytest.mark.parametrize(("positives", "negatives", "truth"), [(50, 100, 0.9), (40, 40, 0.7), (60, 60, 0.95), (200, 100, 0.95)])
def test_intervals_cover_the_truth(positives: int, negatives: int, truth: float) -> None:
    rng = np.random.default_rng(11)
    assert 0.93 <= coverage(lambda: simple_scores(rng, positives, negatives, truth), truth) <= 0.97


@pytest.mark.slow
@pytest.mark.parametrize(("positives", "negatives", "truth"), [(16, 200, 0.95), (10, 50, 0.9), (100, 100, 0.99)])
def test_intervals_do_not_promise_too_much_where_hardly_an_image_is_misplaced(
    positives: int, negatives: int, truth: float
) -> None:
    rng = np.random.default_rng(13)
    assert coverage(lambda: simple_scores(rng, positives, negatives, truth), truth) >= 0.94


@pytest.mark.slow
@pytest.mark.parametrize(("subjects", "aimed"), [(60, 0.8), (100, 0.9)])
@pytest.mark.parametrize("mixed", [False, True])
def test_grouped_intervals_cover_the_truth(subjects: int, aimed: float, mixed: bool) -> None:
    rng = np.random.default_rng(12)
    # Pairs within a subject make the expectation differ a little from that of independent pairs: take it as it is.
    truth = float(np.mean([auroc(*grouped_scores(rng, subjects, aimed, mixed)[:2]) for _ in range(2_000)]))
    assert 0.93 <= coverage(lambda: grouped_scores(rng, subjects, aimed, mixed), truth) <= 0.97


def test_simulated_scores_have_the_auroc_they_say() -> None:
    rng = np.random.default_rng(0)
    assert auroc(*simple_scores(rng, 50_000, 50_000, 0.9)) == pytest.approx(0.9, abs=0.005)
