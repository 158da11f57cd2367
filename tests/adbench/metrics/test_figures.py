"""What a cell records: every metric of the catalogue, and intervals where the sample allows one."""

from __future__ import annotations

import numpy as np
import pytest
from references import area_up_to, auroc_ends, image_metrics

from adbench.metrics import METRICS, image_figures, pixel_figures


def image_set() -> tuple[np.ndarray, np.ndarray]:
    """Labels and scores of 40 images."""
    rng = np.random.default_rng(0)
    labels = np.arange(40) % 2 == 1
    return labels, rng.standard_normal(40) + labels


def pixel_set() -> tuple[np.ndarray, np.ndarray]:
    """Masks and maps of 12 images, two thirds of them abnormal."""
    rng = np.random.default_rng(1)
    masks = np.zeros((12, 16, 16), bool)
    for row in range(8):
        masks[row, row : row + 4, 3:7] = True
    return masks, rng.standard_normal(masks.shape) + masks


def test_together_they_are_the_catalogue() -> None:
    labels, scores = image_set()
    names = [*image_figures(labels, scores).metrics, *pixel_figures(*pixel_set()).metrics]
    assert names == [metric.name for metric in METRICS]
    wanted = {metric.name for metric in METRICS if metric.interval}
    assert {*image_figures(labels, scores).intervals, *pixel_figures(*pixel_set()).intervals} == wanted
    assert [metric.name for metric in METRICS if not metric.higher_is_better] == ["image_fpr95"]
    assert [metric.name for metric in METRICS if metric.uses_test_labels] == ["image_f1_max"]


def test_image_figures_are_those_of_scikit_learn_and_delong() -> None:
    rng = np.random.default_rng(0)
    labels = np.arange(200) % 4 == 1
    scores = rng.standard_normal(200) + np.where(labels, 1.0 + 2.0 * rng.standard_normal(200), 0)
    found = image_figures(labels, scores)
    assert found.metrics == pytest.approx(image_metrics(labels, scores), abs=1e-12)
    assert found.intervals == {"image_auroc": pytest.approx(auroc_ends(labels, scores), abs=2e-6)}
    copied = image_figures(*(np.repeat(array, 3) for array in (labels, scores)), np.arange(600) // 3)
    assert copied.intervals["image_auroc"] == pytest.approx(found.intervals["image_auroc"], abs=1e-9)


@pytest.mark.parametrize("limit", [0.3, 0.05])
def test_pixel_figures_are_those_of_scikit_learn(limit: float) -> None:
    rng = np.random.default_rng(1)
    masks = np.zeros((12, 16, 16), bool)
    masks[:8, ::4, 1::4] = True  # regions of one pixel, whose overlap is the true-positive rate
    maps = rng.standard_normal(masks.shape) + masks
    found = pixel_figures(masks, maps, limit=limit)
    expected = image_metrics(masks.ravel(), maps.ravel())
    assert found.metrics == pytest.approx(
        {
            "pixel_auroc": expected["image_auroc"],
            "pixel_ap": expected["image_ap"],
            "pixel_aupro": area_up_to(masks.ravel(), maps.ravel(), limit),
        },
        abs=1e-12,
    )
    assert set(found.intervals) == {"pixel_auroc", "pixel_aupro"}
    for name, (low, high) in found.intervals.items():
        assert low < found.metrics[name] < high


def test_subjects_are_what_varies() -> None:
    masks, maps = pixel_set()
    copies = [np.repeat(array, 3, axis=0) for array in (masks, maps)]
    alone, copied = pixel_figures(masks, maps), pixel_figures(*copies, groups=np.arange(36) // 3)
    assert copied.intervals["pixel_auroc"] == pytest.approx(alone.intervals["pixel_auroc"], abs=2e-3)


def test_what_cannot_be_measured_is_none_and_has_no_interval() -> None:
    found = image_figures(np.ones(3, bool), np.arange(3.0))
    assert found.metrics == dict.fromkeys(("image_auroc", "image_ap", "image_f1_max", "image_fpr95"))
    assert found.intervals == {}
    found = pixel_figures(np.zeros((2, 4, 4), bool), np.zeros((2, 4, 4)))
    assert set(found.metrics.values()) == {None}
    assert found.intervals == {}
    masks, maps = pixel_set()
    masks[1:] = False
    found = pixel_figures(masks, maps)
    assert None not in found.metrics.values()
    assert found.intervals == {}
