from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from adbench import Context, LabelledImages, Support, UserError
from adbench.registry.parameters import build_parameters
from adbench.testing import memory_images
from adbench_clip.medclip import MEDCLIP
from adbench_clip.medclip.detector import MedclipDetector, to_input
from adbench_clip.medclip.parameters import MedclipParameters

Fitted = Callable[..., MedclipDetector]


def images(count: int, seed: int) -> LabelledImages:
    """Random blocks."""
    coarse = np.random.default_rng(seed).integers(0, 255, (count, 8, 8, 3), dtype=np.uint8)
    return memory_images(coarse.repeat(8, axis=1).repeat(8, axis=2))


NORMAL, QUERIES = images(3, seed=0), images(4, seed=1)


@pytest.fixture
def fitted(context: Callable[..., Context]) -> Fitted:
    """A detector after `fit` with k normals: `fitted(k=0, name="Brain", seed=0, **changes)`."""

    def make(k: int = 0, name: str = "Brain", seed: int = 0, **changes: Any) -> MedclipDetector:
        detector = MedclipDetector(MEDCLIP, build_parameters(MEDCLIP, "demo", changes))
        track = "few-normal" if k else "zero-shot"
        detector.fit(Support(track, k, name, NORMAL[:k], NORMAL[:0], (), NORMAL[:0]), context(seed))
        return detector

    return make


def predicted(detector: MedclipDetector, batch: LabelledImages) -> tuple[np.ndarray, np.ndarray]:
    """Scores and maps."""
    prediction = detector.predict(batch)
    return np.asarray(prediction.scores), np.asarray(prediction.maps)


@pytest.mark.parametrize("k", [0, 3])
def test_an_image_is_scored_by_itself(fitted: Fitted, k: int) -> None:
    detector = fitted(k)
    scores, maps = predicted(detector, QUERIES)
    assert (scores.shape, maps.shape) == ((4,), (4, 224, 224))
    assert scores.min() >= 0
    for position in range(4):
        alone = predicted(detector, QUERIES[[position]])
        np.testing.assert_allclose(alone[0][0], scores[position], atol=1e-5)
        np.testing.assert_allclose(alone[1][0], maps[position], atol=1e-5)


def test_few_normal_is_the_mean_of_zero_shot_and_distance(fitted: Fitted) -> None:
    with_memory, without = fitted(3), fitted()
    # A normal image of the memory has no distance to it: what is left is half of the zero-shot score.
    for found, expected in zip(predicted(with_memory, NORMAL), predicted(without, NORMAL), strict=True):
        np.testing.assert_allclose(found, expected / 2, atol=1e-6)
    cells = with_memory._encode(QUERIES)[1]
    distance = 1 - (cells.flatten(0, 1) @ with_memory.memory.T).amax(dim=1).reshape(4, 7, 7).numpy()
    zero_scores, zero_maps = predicted(without, QUERIES)
    scores, maps = predicted(with_memory, QUERIES)
    # The corners of a map are those of the grid of cells.
    corners = np.ix_(range(4), (0, -1), (0, -1))
    np.testing.assert_allclose(maps[corners], (zero_maps[corners] + distance[corners]) / 2, atol=1e-6)
    np.testing.assert_allclose(scores, (zero_scores + distance.max(axis=(1, 2))) / 2, atol=1e-2)
    assert np.all(scores <= (zero_scores + distance.max(axis=(1, 2))) / 2 + 1e-6)


def test_few_normal_without_normals_is_refused(context: Callable[..., Context]) -> None:
    detector = MedclipDetector(MEDCLIP, build_parameters(MEDCLIP, "demo", {}))
    with pytest.raises(UserError, match="a k of at least 1, or the track zero-shot"):
        detector.fit(Support("few-normal", 0, "Brain", NORMAL[:0], NORMAL[:0], (), NORMAL[:0]), context())


def test_images_too_small_for_a_window_are_refused(fitted: Fitted) -> None:
    with pytest.raises(UserError, match=r"medclip\.image_size = 192 is too small for these weights: use 193 or more"):
        fitted(image_size=192)
    assert predicted(fitted(image_size=193), QUERIES)[1].shape == (4, 193, 193)


def test_the_score_is_the_probability_of_the_abnormal_state(fitted: Fitted) -> None:
    detector = fitted()
    image, _ = detector._encode(QUERIES)
    scale = float(detector.model.logit_scale.exp())
    normal, abnormal = (scale * (image @ texts[0]).numpy() for texts in detector.texts)
    np.testing.assert_allclose(predicted(detector, QUERIES)[0], 1 / (1 + np.exp(normal - abnormal)), atol=1e-6)


@pytest.mark.parametrize("ensemble", ["mean", "max"])
def test_other_ensembles_give_other_scores(fitted: Fitted, ensemble: str) -> None:
    assert not np.allclose(predicted(fitted(ensemble=ensemble), QUERIES)[0], predicted(fitted(), QUERIES)[0], atol=1e-7)


def test_a_name_of_the_user_goes_first(fitted: Fitted) -> None:
    given, chosen = fitted(name="Liver"), fitted(name="Brain", class_name="Liver")
    assert torch.equal(given.texts[0], chosen.texts[0])
    assert not torch.equal(given.texts[0], fitted(name="Brain").texts[0])


def test_grey_is_pillow_s() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (2, 3, 40, 30), dtype=np.uint8)
    expected = np.stack([np.asarray(Image.fromarray(image.transpose(1, 2, 0)).convert("L")) for image in pixels])
    found = to_input(pixels)
    assert (found.shape, found.dtype) == ((2, 1, 40, 30), torch.float32)
    np.testing.assert_array_equal(np.rint((found[:, 0].numpy() * 0.27950088968644304 + 0.5862785803043838) * 255), expected)


def test_the_card_tells_what_has_random_weights() -> None:
    assert MEDCLIP.has_random_weights(build_parameters(MEDCLIP, "demo", {}))
    assert not MEDCLIP.has_random_weights(MedclipParameters())
