"""What a cell records: every metric of the catalogue, and intervals where the sample allows one."""

from __future__ import annotations

import numpy as np
import pytest

from adbench.metrics import METRICS, aupro, auroc, auroc_interval, image_figures, pixel_figures, ranking_figures


def image_set() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Labels, scores and subjects of 40 images."""
    rng = np.random.default_rng(0)
    labels = np.arange(40) % 2 == 1
    return labels, rng.standard_normal(40) + labels, np.arange(40) // 4


def pixel_set() -> tuple[np.ndarray, np.ndarray]:
    """Masks and maps of 12 images, two thirds of them abnormal."""
    rng = np.random.default_rng(1)
    masks = np.zeros((12, 16, 16), bool)
    for row in range(8):
        masks[row, row : row + 4, 3:7] = True
    return masks, rng.standard_normal(masks.shape) + masks


def test_together_they_are_the_catalogue() -> None:
    labels, scores, _ = image_set()
    names = [*image_figures(labels, scores).metrics, *pixel_figures(*pixel_set()).metrics]
    assert names == [metric.name for metric in METRICS]
    wanted = {metric.name for metric in METRICS if metric.interval}
    assert {*image_figures(labels, scores).intervals, *pixel_figures(*pixel_set()).intervals} == wanted
    assert [metric.name for metric in METRICS if not metric.higher_is_better] == ["image_fpr95"]
    assert [metric.name for metric in METRICS if metric.uses_test_labels] == ["image_f1_max"]


def test_values_are_the_exact_ones() -> None:
    labels, scores, groups = image_set()
    found = image_figures(labels, scores, groups)
    assert tuple(found.metrics.values()) == ranking_figures(labels, scores)
    interval = auroc_interval(labels, scores, groups)
    assert found.intervals == {"image_auroc": [interval.low, interval.high]}
    masks, maps = pixel_set()
    pixels = pixel_figures(masks, maps, limit=0.1)
    assert pixels.metrics["pixel_auroc"] == auroc(masks, maps)
    assert pixels.metrics["pixel_aupro"] == aupro(masks, maps, 0.1)
    for name, (low, high) in pixels.intervals.items():
        assert low < pixels.metrics[name] < high


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
