from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch
from randomclip import SIDE, context, few_shot, mixed_images, zero_shot

from adbench import Prediction, Support, UserError, WeightsResolver
from adbench_clip.april import AprilGanDetector
from adbench_clip.cards import APRIL_GAN
from adbench_clip.parameters import AprilGanParameters

SMALL = {"weights": "clip", "image_size": SIDE, "epochs": 2}
SUPPORTS = pytest.mark.parametrize(
    "support", [few_shot(), few_shot(masks=False), zero_shot()], ids=["masks", "labels", "zero-shot"]
)


def fresh(**changes) -> AprilGanDetector:
    return AprilGanDetector(APRIL_GAN, AprilGanParameters(**{**SMALL, **changes}))


def fitted(scratch: Path, support: Support, seed: int = 0, **changes) -> AprilGanDetector:
    detector = fresh(**changes)
    detector.fit(support, context(scratch, seed=seed))
    return detector


def assert_equal(first: Prediction, second: Prediction) -> None:
    np.testing.assert_array_equal(first.scores, second.scores)
    np.testing.assert_array_equal(first.maps, second.maps)


@SUPPORTS
def test_scores_and_maps_are_finite(tmp_path: Path, support: Support) -> None:
    detector, images = fitted(tmp_path, support), mixed_images(5, False)
    prediction = detector.predict(images)
    assert prediction.scores.shape == (5,)
    assert prediction.maps.shape == (5, SIDE, SIDE)
    assert torch.isfinite(prediction.scores).all()
    assert torch.isfinite(prediction.maps).all()


@SUPPORTS
def test_an_image_does_not_know_its_neighbours(tmp_path: Path, support: Support) -> None:
    detector, images = fitted(tmp_path, support), mixed_images(6, False)
    whole, alone = detector.predict(images), detector.predict(images[[4]])
    np.testing.assert_allclose(alone.scores, whole.scores[4:5], rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(alone.maps, whole.maps[4:5], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("masks", [True, False])
def test_training_separates_what_it_was_shown(tmp_path: Path, masks: bool) -> None:
    images = mixed_images(8, False)
    maxima = fitted(tmp_path, few_shot(masks, k=4), epochs=30, image_score="map").predict(images).scores
    assert maxima[images.labels].min() > maxima[~images.labels].max()


def test_zero_shot_epochs_are_fewer_than_few_shot_ones(tmp_path: Path) -> None:
    images = mixed_images(3, False)
    for support, epochs in ((few_shot(), 15), (zero_shot(), 3)):
        usual = fitted(tmp_path, support, epochs=None).predict(images)
        assert_equal(usual, fitted(tmp_path, support, epochs=epochs).predict(images))


@pytest.mark.slow
@torch.no_grad()
@SUPPORTS
def test_the_image_score_is_what_was_asked_for(tmp_path: Path, support: Support) -> None:
    images = mixed_images(4, False)
    mean = fitted(tmp_path, support)
    highest = fitted(tmp_path, support, image_score="map").predict(images)
    token = fitted(tmp_path, support, image_score="token").predict(images)
    torch.testing.assert_close(highest.scores, highest.maps.amax(dim=(1, 2)))
    low, high = mean.state_dict()["range"].tolist()
    expected = 0.5 * (token.scores + (highest.scores - low) / (high - low))
    torch.testing.assert_close(mean.predict(images).scores, expected)


def test_the_range_is_learnt_without_an_image_meeting_itself(tmp_path: Path) -> None:
    """Were a normal image in the memory that it is compared with, its map would be the one without a memory."""
    support = few_shot(k=2)
    twice = dataclasses.replace(support, normal=support.normal[[0, 0]])
    apart, copied = (fitted(tmp_path, given, epochs=0).state_dict()["range"][0] for given in (support, twice))
    assert apart > copied


def test_a_single_image_of_each_kind_is_enough(tmp_path: Path) -> None:
    assert torch.isfinite(fitted(tmp_path, few_shot(k=1)).predict(mixed_images(2, False)).scores).all()


@pytest.mark.slow
@SUPPORTS
def test_the_release_scales_over_the_whole_test_set(tmp_path: Path, support: Support) -> None:
    detector, images = fitted(tmp_path, support, fusion="test-set"), mixed_images(6, False)
    parts = list(detector.predict_all(images.batches(2)))
    assert [len(part.scores) for part in parts] == [2, 2, 2]
    scores = np.concatenate([part.scores for part in parts])
    np.testing.assert_allclose(detector.predict(images).scores, scores, rtol=1e-4, atol=1e-5)
    token = fitted(tmp_path, support, image_score="token").predict(images).scores.numpy()
    highest = np.concatenate([part.maps.amax(dim=(1, 2)) for part in parts])
    scaled = (highest - highest.min()) / (highest.max() - highest.min())
    np.testing.assert_allclose(scores, 0.5 * (token + scaled), rtol=1e-4, atol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize(
    "changes",
    [{"levels": (3,)}, {"levels": (1, 4)}, {"epochs": 0}, {"image_size": 37}, {"mean": (0.0, 0.0, 0.0)}, {"batch_size": 3}],
    ids=str,
)
def test_every_option_runs_and_survives_saving(tmp_path: Path, changes: dict) -> None:
    images = mixed_images(3, False)
    detector = fitted(tmp_path, few_shot(), **changes)
    prediction = detector.predict(images)
    assert torch.isfinite(prediction.scores).all()
    loaded = fresh(**changes)
    loaded.load_state_dict(detector.state_dict(), context(tmp_path))
    assert_equal(loaded.predict(images), prediction)


@pytest.mark.parametrize("prefix", ["", "trainable_layers."])
def test_saved_layers_replace_training(tmp_path: Path, prefix: str) -> None:
    trained = fitted(tmp_path, few_shot())
    layers = {f"{prefix}{name}": tensor for name, tensor in trained.state_dict().items() if name.startswith("fc.")}
    torch.save(layers, tmp_path / "saved.pth")
    saved = WeightsResolver({}, given={"saved": tmp_path / "saved.pth"}, offline=True).state_dict("saved")
    loaded = fresh(projections="saved")
    loaded.fit(few_shot(), context(tmp_path, seed=5, saved=saved))
    assert_equal(loaded.predict(mixed_images(3, False)), trained.predict(mixed_images(3, False)))


def test_too_little_to_learn_from_is_said(tmp_path: Path) -> None:
    support = few_shot()
    for broken in (
        dataclasses.replace(support, abnormal=support.abnormal[0:0]),
        dataclasses.replace(support, normal=support.normal[0:0]),
    ):
        with pytest.raises(UserError, match="normal and abnormal images"):
            fitted(tmp_path, broken)
    with pytest.raises(UserError, match="other labelled sets"):
        fitted(tmp_path, dataclasses.replace(zero_shot(), auxiliary=()))


def test_weights_that_do_not_fit_are_said(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="fc.0.weight is missing"):
        fresh(projections="saved").fit(few_shot(), context(tmp_path, saved={"seg_adapters.0.weight": torch.zeros(1)}))
    with pytest.raises(UserError, match="not those of a CLIP"):
        fresh(weights="other").fit(few_shot(), context(tmp_path, other={"fc.weight": torch.zeros(2, 2)}))
    layers = {name: tensor for name, tensor in fitted(tmp_path, few_shot()).state_dict().items() if name.startswith("fc.")}
    with pytest.raises(UserError, match="not the state"):
        fresh().load_state_dict(layers, context(tmp_path))
