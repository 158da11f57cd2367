"""From gradients to maps."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.ndimage import gaussian_filter

from adbench_mkd.maps import Pair, grey, magnitude, min_max, noise_deviation, noisy_mean, smooth
from adbench_mkd.network import Vgg, build_cloner, build_source, cloner_blocks

BLOCKS = ((3, 3), (4, 4), (4, 4), (5, 5), (5, 5))


@pytest.fixture
def pair() -> Pair:
    torch.manual_seed(0)
    source = build_source(Vgg(BLOCKS, cloner=False).state_dict())
    cloner = build_cloner(source, cloner_blocks(source.blocks, 3), torch.Generator().manual_seed(0))
    return Pair(source.double(), cloner.double().eval().requires_grad_(False), 0.01)


def test_the_saliency_is_the_derivative_of_the_score(pair: Pair) -> None:
    images = torch.rand(1, 3, 32, 32, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        scores, gradients = pair.saliency(images)
        step = 1e-6 * torch.randn(images.shape, dtype=torch.float64, generator=torch.Generator().manual_seed(2))
        change = pair.scores(images + step) - pair.scores(images - step)
    assert float(scores) == pytest.approx(float(pair.scores(images)))
    assert float(change) == pytest.approx(2 * float((gradients * step).sum()), rel=1e-3)


def test_guiding_changes_gradients_and_not_scores(pair: Pair) -> None:
    images = torch.rand(2, 3, 32, 32, dtype=torch.float64)
    plain, guided = pair.saliency(images), pair.saliency(images, guided=True)
    torch.testing.assert_close(plain[0], guided[0])
    assert not torch.allclose(plain[1], guided[1])


def test_grey_stretches_to_the_99th_percentile() -> None:
    gradients = torch.randn(2, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    for found, gradient in zip(grey(gradients).numpy(), gradients.numpy(), strict=True):
        summed = np.abs(gradient).sum(axis=0)
        low, high = summed.min(), np.percentile(summed, 99)
        np.testing.assert_allclose(found, np.clip((summed - low) / (high - low), 0, 1), atol=1e-6)


@pytest.mark.parametrize("scale", [grey, lambda flat: min_max(magnitude(flat))])
def test_flat_gradients_give_a_map_of_zeros(scale) -> None:
    assert not scale(torch.ones(2, 3, 8, 8)).any()


def test_smoothing_is_that_of_scipy() -> None:
    maps = np.random.default_rng(0).random((2, 20, 20)).astype(np.float32)
    expected = np.stack([gaussian_filter(gaussian_filter(each, 3.0), 3.0) for each in maps])
    np.testing.assert_allclose(smooth(torch.from_numpy(maps), 3.0, 2).numpy(), expected, atol=1e-6)
    assert torch.equal(smooth(torch.from_numpy(maps), 0.0, 2), torch.from_numpy(maps))


def test_noise_follows_the_range_of_an_image_and_spares_flat_ones() -> None:
    images = torch.zeros(2, 3, 4, 4)
    images[0, 0, 0, 0] = 2
    assert noise_deviation(images).tolist() == pytest.approx([0.025**2, 0])


def test_no_noise_gives_the_plain_map(pair: Pair) -> None:
    images = torch.rand(2, 3, 32, 32, dtype=torch.float64)
    found = noisy_mean(pair, images, [torch.zeros_like(images)] * 2, grey)
    torch.testing.assert_close(found, grey(pair.saliency(images)[1]))
