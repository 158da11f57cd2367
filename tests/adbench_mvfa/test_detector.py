from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch
from randomclip import SIDE, context, few_shot, mixed_images, zero_shot
from safetensors.torch import load_file, save_file

from adbench import Prediction, Support, UserError, WeightsResolver
from adbench_mvfa import MVFA, OFFICIAL
from adbench_mvfa.detector import MvfaDetector
from adbench_mvfa.parameters import MvfaParameters, OfficialParameters

SMALL = {"weights": "clip", "image_size": SIDE, "epochs": 1, "batch_size": 8}


def detector(**changes) -> MvfaDetector:
    return MvfaDetector(MVFA, MvfaParameters(**{**SMALL, **changes}))


def official(**changes) -> MvfaDetector:
    return MvfaDetector(OFFICIAL, OfficialParameters(**{**SMALL, "batch_size": 1, **changes}))


def assert_equal(first: Prediction, second: Prediction) -> None:
    np.testing.assert_array_equal(first.scores, second.scores)
    np.testing.assert_array_equal(first.maps, second.maps)


def test_a_state_learned_without_masks_survives_saving(tmp_path: Path) -> None:
    fitted = detector()
    fitted.fit(few_shot(masks=False), context(tmp_path))
    test = mixed_images(5, False)
    prediction = fitted.predict(test)
    assert prediction.scores.shape == (5,)
    assert prediction.maps.shape == (5, SIDE, SIDE)
    assert np.isfinite(prediction.scores).all()
    assert np.isfinite(prediction.maps).all()
    save_file(fitted.state_dict(), tmp_path / "state.safetensors")
    loaded = detector()
    loaded.load_state_dict(load_file(tmp_path / "state.safetensors"), context(tmp_path, seed=9))
    assert_equal(loaded.predict(test), prediction)


def test_another_seed_gives_other_scores(tmp_path: Path) -> None:
    scores = []
    for seed in (3, 4):
        fitted = detector()
        fitted.fit(few_shot(), context(tmp_path, seed=seed))
        scores.append(fitted.predict(mixed_images(4, False)).scores)
    assert not np.array_equal(*scores)


@pytest.mark.parametrize("support", [few_shot(masks=False), zero_shot()], ids=["labels", "zero-shot"])
def test_an_image_does_not_know_its_neighbours(tmp_path: Path, support: Support) -> None:
    fitted = detector()
    fitted.fit(support, context(tmp_path))
    test = mixed_images(6, False)
    whole, alone = fitted.predict(test), fitted.predict(test[[4]])
    np.testing.assert_allclose(alone.scores, whole.scores[4:5], rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(alone.maps, whole.maps[4:5], rtol=1e-4, atol=1e-5)


def test_training_separates_what_it_was_shown(tmp_path: Path) -> None:
    fitted = detector(epochs=12)
    fitted.fit(few_shot(k=4), context(tmp_path))
    test = mixed_images(8, False)
    scores = fitted.predict(test).scores
    assert scores[test.labels].min() > scores[~test.labels].max()


def test_the_image_score_is_the_maximum_of_the_map_only_with_masks(tmp_path: Path) -> None:
    test = mixed_images(3, False)
    for support, image_score, from_map in (
        (few_shot(), "release", True),
        (few_shot(), "detection", False),
        (few_shot(masks=False), "release", False),
        (few_shot(masks=False), "map", True),
        (zero_shot(), "release", False),
    ):
        fitted = detector(image_score=image_score)
        fitted.fit(support, context(tmp_path))
        prediction = fitted.predict(test)
        assert np.array_equal(prediction.scores, prediction.maps.max(axis=(1, 2))) == from_map


@pytest.mark.slow
@pytest.mark.parametrize(
    "changes",
    [
        {"heads": "single"},
        {"projectors": "last"},
        {"projectors": "all"},
        {"levels": (3,)},
        {"levels": (1, 4)},
        {"residual": 0.3},
        {"augment": False},
        {"bce": "probability", "pooling": "max"},
        {"branches": "text"},
        {"branches": "memory"},
        {"memory_class_tokens": False},
        {"epochs": 0},
        {"checkpoint": "valid"},
        {"image_size": 37},
    ],
    ids=str,
)
def test_every_option_runs_and_survives_saving(tmp_path: Path, changes: dict) -> None:
    test = mixed_images(3, False)
    fitted = detector(**changes)
    fitted.fit(few_shot(), context(tmp_path))
    prediction = fitted.predict(test)
    assert np.isfinite(prediction.scores).all()
    loaded = detector(**changes)
    loaded.load_state_dict(fitted.state_dict(), context(tmp_path))
    assert_equal(loaded.predict(test), prediction)


def test_a_single_normal_image_is_enough(tmp_path: Path) -> None:
    for augment in (True, False):
        fitted = detector(augment=augment)
        fitted.fit(few_shot(k=1), context(tmp_path))
        assert np.isfinite(fitted.predict(mixed_images(2, False)).scores).all()


def test_ranges_are_learnt_without_an_image_meeting_itself(tmp_path: Path) -> None:
    """A normal image would otherwise be at distance zero; only truly equal images may be."""
    fitted = detector(epochs=0)
    fitted.fit(few_shot(masks=False), context(tmp_path))
    low, high = fitted.state_dict()["ranges"][1].tolist()
    assert 1e-4 < low < high


def test_saved_adapters_replace_training(tmp_path: Path) -> None:
    trained = detector(epochs=2)
    trained.fit(few_shot(), context(tmp_path))
    state = {name: tensor for name, tensor in trained.state_dict().items() if "adapters" in name}
    loaded = detector(adapters="saved")
    loaded.fit(few_shot(), context(tmp_path, seed=5, saved=state))
    assert_equal(loaded.predict(mixed_images(3, False)), trained.predict(mixed_images(3, False)))


def test_a_released_file_loads(tmp_path: Path) -> None:
    """The layout of the release: two state dicts in one torch file."""
    trained = detector(epochs=2)
    trained.fit(few_shot(), context(tmp_path))
    state = trained.state_dict()
    released = {
        head: {name.removeprefix(f"{head}."): tensor for name, tensor in state.items() if name.startswith(head)}
        for head in ("seg_adapters", "det_adapters")
    }
    torch.save(released, tmp_path / "released.pth")
    saved = WeightsResolver({}, given={"saved": tmp_path / "released.pth"}, offline=True).state_dict("saved")
    loaded = detector(adapters="saved")
    loaded.fit(few_shot(), context(tmp_path, saved=saved))
    assert_equal(loaded.predict(mixed_images(3, False)), trained.predict(mixed_images(3, False)))


@pytest.mark.slow
@pytest.mark.parametrize("support", [few_shot(), few_shot(masks=False), zero_shot()], ids=["masks", "labels", "zero-shot"])
def test_the_release_scales_over_the_whole_test_set(tmp_path: Path, support: Support) -> None:
    fitted = official(checkpoint="last")
    fitted.fit(support, context(tmp_path))
    test = mixed_images(6, False)
    parts = list(fitted.predict_all(test.batches(2)))
    assert [len(part.scores) for part in parts] == [2, 2, 2]
    maps = np.concatenate([part.maps for part in parts])
    scores = np.concatenate([part.scores for part in parts])
    assert maps.min() >= 0
    assert maps.max() <= 1 + 1e-6
    if support.track == "zero-shot":
        assert (scores.min(), scores.max()) == (0, 1)
    whole = fitted.predict(test)
    np.testing.assert_allclose(whole.scores, scores, rtol=1e-4, atol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize(("support", "epochs", "looks"), [(few_shot(), 2, 2), (zero_shot(), 2, 10), (few_shot(), 0, 1)])
def test_the_release_predicts_at_every_checkpoint(tmp_path: Path, support: Support, epochs: int, looks: int) -> None:
    fitted = official(epochs=epochs)
    fitted.fit(support, context(tmp_path))
    test = mixed_images(4, False)
    seen = [np.concatenate([part.scores for part in parts]) for parts in fitted.predict_checkpoints(lambda: test.batches(2))]
    assert len(seen) == looks
    assert all(scores.shape == (4,) for scores in seen)
    assert looks == 1 or not np.array_equal(seen[0], seen[-1])


@pytest.mark.slow
def test_without_an_oracle_the_release_trains_to_the_end(tmp_path: Path) -> None:
    test = mixed_images(4, False)
    asked, plain = official(epochs=2), official(epochs=2, checkpoint="last")
    with torch.no_grad():
        asked.fit(few_shot(), context(tmp_path))
        prediction = asked.predict(test)
    plain.fit(few_shot(), context(tmp_path))
    assert_equal(prediction, plain.predict(test))


def test_too_little_to_learn_from_is_said(tmp_path: Path) -> None:
    support = few_shot()
    for broken, message in (
        (dataclasses.replace(support, abnormal=support.abnormal[0:0]), "normal and abnormal images"),
        (dataclasses.replace(zero_shot(), auxiliary=()), "other labelled sets"),
    ):
        with pytest.raises(UserError, match=message):
            detector().fit(broken, context(tmp_path))
    with pytest.raises(UserError, match="checkpoint = valid"):
        detector(checkpoint="valid").fit(dataclasses.replace(support, valid=support.valid[0:0]), context(tmp_path))


@pytest.mark.parametrize("levels", [(0, 2), (2, 1), (2, 9), (2, 2)])
def test_impossible_levels_are_refused(tmp_path: Path, levels: tuple[int, ...]) -> None:
    with pytest.raises(UserError, match="levels"):
        detector(levels=levels).fit(few_shot(), context(tmp_path))


def test_a_state_of_something_else_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="is missing"):
        detector().load_state_dict({"conv.weight": torch.zeros(1)}, context(tmp_path))
