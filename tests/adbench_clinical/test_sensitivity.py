"""Sensitivity at 5 % false alarms, against scikit-learn's curve and a search over all thresholds."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import roc_curve

from adbench_clinical.sensitivity import sensitivity_at_5_fpr, sensitivity_at_fpr

few_values = st.lists(st.tuples(st.booleans(), st.integers(-3, 3)), min_size=2, max_size=90)


def by_scikit_learn(labels: np.ndarray, scores: np.ndarray, limit: float) -> float:
    false_alarms, found, _ = roc_curve(labels, scores, drop_intermediate=False)
    return float(found[false_alarms <= limit].max())


def by_search(labels: np.ndarray, scores: np.ndarray, limit: float) -> float:
    rates = [0.0]
    for threshold in scores:
        called = scores >= threshold
        if called[~labels].sum() / (~labels).sum() <= limit:
            rates.append(called[labels].mean())
    return float(max(rates))


@given(few_values, st.sampled_from([0.0, 0.05, 0.1, 0.3, 1.0]))
def test_ties_and_any_share_of_labels(pairs: list[tuple[bool, int]], limit: float) -> None:
    labels, scores = np.array([label for label, _ in pairs]), np.array([score for _, score in pairs], float)
    found = sensitivity_at_fpr(labels, scores, limit)
    if labels.all() or not labels.any():
        assert found is None
    else:
        assert found == pytest.approx(by_search(labels, scores, limit), abs=1e-12)
        assert found == pytest.approx(by_scikit_learn(labels, scores, limit), abs=1e-12)


@pytest.mark.parametrize("normal", [1, 19, 20, 21, 39, 40, 60, 1000])
def test_the_limit_is_met_exactly(normal: int) -> None:
    rng = np.random.default_rng(normal)
    labels = np.repeat([False, True], [normal, 57])
    scores = rng.standard_normal(labels.size) + labels
    found = sensitivity_at_5_fpr(labels, scores)
    assert found == pytest.approx(by_scikit_learn(labels, scores, 0.05), abs=1e-12)
    assert found == pytest.approx(by_search(labels, scores, 0.05), abs=1e-12)


def test_small_cases() -> None:
    labels = np.repeat([0, 1], [20, 2])
    scores = np.r_[np.arange(20.0), 18.5, 17.5]
    assert sensitivity_at_5_fpr(labels, scores) == 0.5  # one alarm of 20 is allowed, two are not
    assert sensitivity_at_5_fpr([0, 1], [3.0, 3.0]) == 0.0
    assert sensitivity_at_5_fpr([0, 1], [3.0, 4.0]) == 1.0
    assert sensitivity_at_5_fpr([1, 1], [3.0, 4.0]) is None
    assert sensitivity_at_5_fpr([0, 0], [3.0, 4.0]) is None
