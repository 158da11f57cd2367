"""Predictions are put together without losing a digit."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from adbench import DetectorCard, Prediction, UserError
from adbench.running.evaluate import Collector, Predictions, Truth, collect, figures, oracle_score

CARD = DetectorCard(name="fake", title="Fake", factory="fake:Fake", tracks=("few-normal",))
SIZE = (2, 240, 240)


def test_the_widest_type_of_maps_is_kept() -> None:
    collector = Collector(CARD, True, 4)
    collector.add(2, Prediction(np.zeros(2), np.full(SIZE, 1 / 3, np.float32)))
    collector.add(2, Prediction(np.zeros(2), np.full(SIZE, 1 / 3, np.float64)))
    maps = collector.result().maps
    assert maps.dtype == np.float64
    assert (maps[0, 0, 0], maps[2, 0, 0]) == (np.float32(1 / 3), 1 / 3)


def test_maps_for_some_batches_only_are_refused() -> None:
    batches = [range(2), range(2)]
    found = [Prediction(np.zeros(2), np.zeros(SIZE)), Prediction(np.zeros(2))]
    for predictions in (found, found[::-1]):
        with pytest.raises(UserError, match="maps for some batches only"):
            collect(CARD, True, batches, predictions)


def test_the_oracle_goes_by_the_two_aurocs_alone() -> None:
    rng = np.random.default_rng(0)
    masks = np.zeros((4, 240, 240), bool)
    masks[:2, 50:90, 50:90] = True
    predictions = Predictions(rng.random(4), rng.random(masks.shape))
    truth = Truth(masks.any(axis=(1, 2)), masks)
    wanted = roc_auc_score(truth.labels, predictions.scores)
    assert oracle_score(predictions, Truth(truth.labels, None)) == pytest.approx(wanted, abs=1e-12)
    wanted += roc_auc_score(masks.ravel(), predictions.maps.ravel())
    assert oracle_score(predictions, truth) == pytest.approx(wanted, abs=1e-12)
    assert set(figures(predictions, Truth(truth.labels, None)).metrics) == set(IMAGE)
    assert len(figures(predictions, truth).metrics) == len(IMAGE) + 3


IMAGE = ("image_auroc", "image_ap", "image_f1_max", "image_fpr95")
