"""Ranking figures against scikit-learn, brute force over pairs and the golden file."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from adbench.metrics import auroc, average_precision, f1_max, fpr_at_tpr, ranking, ranking_figures

EDGE_SCORES = {
    "ties": st.integers(-2, 2).map(float),
    "narrow": st.integers(0, 4).map(lambda step: float(np.nextafter(0.7, 1) + step * 2.0**-52)),
    "lognormal tail": st.floats(-40, 40).map(math.exp),
    "any": st.floats(allow_nan=False, allow_infinity=False),
    "single precision": st.floats(width=32, allow_nan=False, allow_infinity=False),
}


@st.composite
def labelled_scores(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    """Labels of both classes, and scores of one of the kinds above."""
    labels = draw(hnp.arrays(np.bool_, st.integers(2, 40)).filter(lambda drawn: drawn.any() and not drawn.all()))
    kind = draw(st.sampled_from(sorted(EDGE_SCORES)))
    scores = draw(st.lists(EDGE_SCORES[kind], min_size=labels.size, max_size=labels.size))
    return labels, np.array(scores, np.float32 if kind == "single precision" else np.float64)


def auroc_over_pairs(labels: np.ndarray, scores: np.ndarray) -> float:
    wins = [(p > n) + 0.5 * (p == n) for p in scores[labels] for n in scores[~labels]]
    return float(np.mean(wins))


def figures_of_sklearn(labels: np.ndarray, scores: np.ndarray) -> tuple[float, float, float, float]:
    from sklearn import metrics

    # scikit-learn subtracts scores of neighbours to find ties, which overflows: give it the ranks
    ranks = np.unique(scores, return_inverse=True)[1]
    fpr, tpr, _ = metrics.roc_curve(labels, ranks, drop_intermediate=False)
    precision, recall, _ = metrics.precision_recall_curve(labels, ranks)
    return (
        metrics.roc_auc_score(labels, ranks),
        metrics.average_precision_score(labels, ranks),
        float(np.nanmax(2 * precision * recall / np.maximum(precision + recall, 1e-300))),
        float(fpr[np.argmax(tpr >= 0.95)]),
    )


@settings(max_examples=60, deadline=None)
@given(labelled_scores())
def test_figures_equal_scikit_learn(data: tuple[np.ndarray, np.ndarray]) -> None:
    labels, scores = data
    np.testing.assert_allclose(ranking_figures(labels, scores), figures_of_sklearn(labels, scores), rtol=0, atol=1e-12)


@given(labelled_scores())
def test_auroc_is_the_share_of_ordered_pairs(data: tuple[np.ndarray, np.ndarray]) -> None:
    labels, scores = data
    assert auroc(labels, scores) == pytest.approx(auroc_over_pairs(labels, scores), abs=1e-12)


@given(labelled_scores())
def test_auroc_and_its_mirror_image_add_up_to_one(data: tuple[np.ndarray, np.ndarray]) -> None:
    labels, scores = data
    assert auroc(labels, scores) + auroc(~labels, scores) == pytest.approx(1, abs=1e-12)
    assert auroc(labels, -scores) == pytest.approx(1 - auroc(labels, scores), abs=1e-12)


@pytest.mark.parametrize("share", [0.01, 0.5, 0.99])
@pytest.mark.parametrize("distinct", [3, 5_000, 10**9])
def test_blocks_join_without_a_seam(monkeypatch: pytest.MonkeyPatch, share: float, distinct: int) -> None:
    rng = np.random.default_rng(0)
    labels = rng.random(3_000) < share
    scores = rng.integers(0, distinct, labels.size) + labels * (distinct // 3)
    whole = ranking_figures(labels, scores)
    monkeypatch.setattr(ranking, "BLOCK", 7)
    np.testing.assert_allclose(ranking_figures(labels, scores), whole, rtol=0, atol=1e-12)
    np.testing.assert_allclose(whole, figures_of_sklearn(labels, scores), rtol=0, atol=1e-12)


def test_single_functions_agree_with_all_at_once() -> None:
    rng = np.random.default_rng(1)
    labels = rng.random(200) < 0.3
    scores = rng.standard_normal(200) + labels
    singles = (auroc(labels, scores), average_precision(labels, scores), f1_max(labels, scores), fpr_at_tpr(labels, scores))
    assert singles == pytest.approx(figures_of_sklearn(labels, scores), abs=1e-12)
    assert ranking_figures(labels, scores) == singles


def test_scores_are_compared_in_their_own_precision() -> None:
    labels = np.array([0, 1])
    scores = np.array([1.0, 1.0 + 1e-12])
    assert auroc(labels, scores) == 1.0
    assert auroc(labels, scores.astype(np.float32)) == 0.5


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.int32, np.uint8, np.bool_])
def test_any_real_type_of_scores(dtype: type) -> None:
    labels = np.array([[0, 0], [1, 1]], np.uint8)
    assert auroc(labels, np.array([[0, 1], [1, 1]], dtype)) == 0.75


def test_infinities_are_ordered() -> None:
    assert auroc([0, 1, 0, 1], [-np.inf, 3.0, 5.0, np.inf]) == 0.75


@pytest.mark.parametrize("labels", [[], [0], [1], [0, 0], [1, 1]])
def test_one_class_cannot_be_measured(labels: list[int]) -> None:
    figures = ranking_figures(np.array(labels, int), np.zeros(len(labels)))
    assert all(math.isnan(figure) for figure in figures)


@pytest.mark.parametrize("share", [0.07, 0.1, 0.95, 1.0, 19 / 21])
@pytest.mark.parametrize("positives", [1, 19, 20, 21, 60, 100])
def test_fpr_takes_the_first_threshold_that_reaches_the_rate(share: float, positives: int) -> None:
    labels = np.repeat([True, False], positives)
    scores = np.random.default_rng(positives).standard_normal(labels.size)
    rates = [
        ((scores[labels] >= cut).sum() / positives, (scores[~labels] >= cut).sum() / positives) for cut in np.sort(scores)[::-1]
    ]
    assert fpr_at_tpr(labels, scores, share) == next(fpr for tpr, fpr in rates if tpr >= share)


def test_rate_outside_its_range_is_refused() -> None:
    with pytest.raises(ValueError, match="tpr"):
        fpr_at_tpr([0, 1], [0.0, 1.0], 0.0)


@pytest.mark.parametrize(
    ("labels", "scores", "match"),
    [
        ([0, 1], [0.0, math.nan], "NaN"),
        ([0, 1], [math.nan, 0.0], "NaN"),
        ([0, 1], [0.0], "shape"),
        ([[0], [1]], [0.0, 1.0], "shape"),
        ([0, 255], [0.0, 1.0], "labels must be"),
        ([0, 1], ["a", "b"], "real numbers"),
    ],
)
def test_bad_input_raises(labels: list, scores: list, match: str) -> None:
    with pytest.raises(ValueError, match=match):
        auroc(labels, scores)


def test_inputs_are_left_alone() -> None:
    labels, scores = np.array([1, 0, 1]), np.array([3.0, 2.0, 1.0])
    ranking_figures(labels, scores)
    assert scores.tolist() == [3.0, 2.0, 1.0]
    assert labels.tolist() == [1, 0, 1]


def test_golden_figures(shared: Path) -> None:
    arrays = np.load(shared / "golden/metrics/metrics.npz")
    expected = json.loads((shared / "golden/metrics/expected.json").read_text())
    for kind, prefix, label, score in (("image", "img", "labels", "scores"), ("pixel", "px", "masks", "maps")):
        for case, figures in expected[kind].items():
            found = ranking_figures(arrays[f"{prefix}_{case}_{label}"], arrays[f"{prefix}_{case}_{score}"])
            wanted = (figures["auroc"], figures["ap"], figures["f1max"])
            assert found[:3] == pytest.approx(wanted, abs=1e-9), case
