"""Binned pixel figures against the exact ones."""

from __future__ import annotations

import math

import numpy as np
import pytest

from adbench.metrics import aupro, auroc, pixel_histograms, pixel_values

SHAPE = (12, 48, 48)


def lesions_and_scores() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    masks = np.zeros(SHAPE, bool)
    for number in range(9):
        row, column, size = [*rng.integers(0, 30, 2).tolist(), int(rng.integers(2, 12))]
        masks[number, row : row + size, column : column + size] = True
        masks[number, 44:46, 2:5] = True
    return masks, rng.standard_normal(SHAPE) + masks + 0.3 * rng.standard_normal((12, 1, 1))


@pytest.mark.parametrize(
    "change",
    [
        lambda scores: scores,
        lambda scores: scores.astype(np.float16),
        lambda scores: np.exp(8 * scores).astype(np.float32),
        lambda scores: 0.7 + 1e-9 * scores,
        lambda scores: np.round(scores),
        lambda scores: np.round(10 * scores).astype(np.int64),
        lambda scores: np.maximum(scores, 1.5),
        lambda scores: np.zeros(SHAPE),
    ],
    ids=["normal", "half precision", "heavy tail", "narrow band", "ties", "integers", "mostly one value", "constant"],
)
def test_figures_from_bins_are_nearly_exact(change: object) -> None:
    masks, scores = lesions_and_scores()
    maps = change(scores)
    exact = (auroc(masks, maps), aupro(masks, maps))
    assert pixel_values(pixel_histograms(masks, maps)) == pytest.approx(exact, abs=1e-4)
    assert pixel_values(pixel_histograms(masks, maps, bins=256)) == pytest.approx(exact, abs=1e-3)


def test_every_pixel_is_counted_once_in_its_unit() -> None:
    masks, maps = lesions_and_scores()
    groups = np.repeat(["a", "b", "c"], 4)
    alone, grouped = pixel_histograms(masks, maps), pixel_histograms(masks, maps, groups)
    np.testing.assert_array_equal(alone.normal.sum(axis=1), (~masks).sum(axis=(1, 2)))
    np.testing.assert_array_equal(alone.abnormal.sum(axis=1), masks.sum(axis=(1, 2)))
    np.testing.assert_allclose(alone.overlap.sum(axis=1), alone.regions, rtol=1e-6)
    for name in ("normal", "abnormal", "regions"):
        apart, together = getattr(alone, name), getattr(grouped, name)
        np.testing.assert_array_equal(apart.reshape(3, 4, *apart.shape[1:]).sum(axis=1), together)


@pytest.mark.parametrize("filled", [False, True])
def test_one_class_of_pixels_cannot_be_measured(filled: bool) -> None:
    counted = pixel_histograms(np.full((2, 3, 3), filled), np.zeros((2, 3, 3)))
    assert all(map(math.isnan, pixel_values(counted)))


def test_no_image_is_no_unit() -> None:
    counted = pixel_histograms(np.zeros((0, 3, 3), bool), np.zeros((0, 3, 3)))
    assert counted.normal.shape[0] == 0
    assert all(map(math.isnan, pixel_values(counted)))


def test_memory_maps_are_read_image_by_image(tmp_path: object) -> None:
    masks, maps = lesions_and_scores()
    for name, array in (("masks", masks), ("maps", maps)):
        np.save(tmp_path / f"{name}.npy", array)
    stored = [np.load(tmp_path / f"{name}.npy", mmap_mode="r") for name in ("masks", "maps")]
    for found, wanted in zip(pixel_histograms(*stored), pixel_histograms(masks, maps), strict=True):
        np.testing.assert_array_equal(found, wanted)


@pytest.mark.parametrize(
    ("masks", "maps", "groups", "match"),
    [
        (np.zeros((2, 3, 3)), np.zeros((2, 3, 4)), None, "N, H, W"),
        (np.zeros((2, 3)), np.zeros((2, 3)), None, "N, H, W"),
        (np.full((2, 3, 3), 2), np.zeros((2, 3, 3)), None, "labels"),
        (np.zeros((2, 3, 3)), np.full((2, 3, 3), np.nan), None, "finite"),
        (np.zeros((2, 3, 3)), np.zeros((2, 3, 3)), [1], "groups"),
    ],
)
def test_bad_input_raises(masks: np.ndarray, maps: np.ndarray, groups: object, match: str) -> None:
    with pytest.raises(ValueError, match=match):
        pixel_histograms(masks, maps, groups)
