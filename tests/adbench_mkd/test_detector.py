"""The detector as the runner calls it."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from adbench import UserError
from adbench.registry.parameters import build_parameters
from adbench.testing import memory_images
from adbench_mkd import MKD
from adbench_mkd.network import build_source

SMALL = {"weights": "small", "image_size": 32}
KINDS: list[dict] = [
    {},
    {"map": "guided"},
    {"map": "smoothgrad", "noise_draws": 2},
    {"map": "smoothgrad", "noise_draws": 2, "map_scaling": "none"},
    {"map_scaling": "percentile"},
    {"map_scaling": "none", "smoothings": 1},
]


def predicted(detector, images):
    with torch.no_grad():
        prediction = detector.predict(images)
    return prediction.scores, prediction.maps


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_every_kind_of_map_is_finite_and_independent_of_the_batch(fitted, images, kind) -> None:
    detector = fitted(**kind)
    scores, maps = predicted(detector, images)
    assert scores.shape == (7,)
    assert maps.shape == (7, 32, 32)
    assert np.isfinite(scores).all()
    assert np.isfinite(maps).all()
    alone = [predicted(detector, images[[row]]) for row in reversed(range(7))][::-1]
    np.testing.assert_allclose(np.concatenate([score for score, _ in alone]), scores, rtol=1e-5)
    np.testing.assert_allclose(np.concatenate([each for _, each in alone]), maps, rtol=1e-4, atol=1e-4 * maps.max())


def test_flat_images_have_finite_maps(fitted) -> None:
    flat = memory_images(np.full((2, 32, 32, 3), 255, np.uint8))
    detector = fitted()
    for kind in KINDS:
        detector.parameters = build_parameters(MKD, "demo", SMALL | kind)
        scores, maps = predicted(detector, flat)
        assert np.isfinite(scores).all()
        assert np.isfinite(maps).all()


def test_directions_only_and_levels_change_scores(fitted, images) -> None:
    usual = predicted(fitted(), images)[0]
    for change in ({"value_weight": 0.0}, {"score_levels": 4}, {"train_levels": 1}, {"normalisation": "none"}):
        assert not np.allclose(predicted(fitted(**change), images)[0], usual)


def test_no_normal_images_is_an_error(make_detector, make_context, images, support) -> None:
    with pytest.raises(UserError, match="full-normal"):
        make_detector().fit(dataclasses.replace(support, normal=images[:0]), make_context())


def test_weights_of_something_else_are_an_error(make_detector, make_context, support, tmp_path: Path) -> None:
    save_file({"conv1.weight": torch.zeros(4, 3, 7, 7)}, tmp_path / "resnet.safetensors")
    with pytest.raises(UserError, match="plain VGG"):
        make_detector().fit(support, make_context(small=tmp_path / "resnet.safetensors"))


def test_a_state_of_other_parameters_is_an_error(fitted, make_detector, make_context) -> None:
    with pytest.raises(UserError, match="cloner_width = 3"):
        make_detector().load_state_dict(fitted(cloner_width=5).state_dict(), make_context())


def test_predict_before_fit_says_so(make_detector, images) -> None:
    with pytest.raises(RuntimeError, match="call fit or load_state_dict first"):
        make_detector().state_dict()


def test_the_embedded_source_is_small_and_fits(make_context) -> None:
    weights = make_context().weights
    assert weights.path("tiny-vgg").stat().st_size < 400_000
    source = build_source(load_file(weights.path("tiny-vgg")))
    assert len(source.blocks) == 5


def test_the_defaults_are_those_of_bmad() -> None:
    chosen = build_parameters(MKD, "paper", {})
    assert (chosen.image_size, chosen.lr, chosen.batch_size, chosen.value_weight) == (224, 1e-3, 64, 0.01)
    assert (chosen.train_levels, chosen.score_levels, chosen.sigma, chosen.weights) == (4, 3, 4.0, "vgg16.tv_in1k")


def test_the_package_imports_nothing_heavy() -> None:
    code = "import sys, adbench_mkd; sys.exit(any(name in sys.modules for name in ('torch', 'numpy', 'pandas', 'scipy')))"
    assert subprocess.run([sys.executable, "-c", code], env={"PYTHONPATH": ":".join(sys.path)}, check=False).returncode == 0
