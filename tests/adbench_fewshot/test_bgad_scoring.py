from __future__ import annotations

import torch

from adbench_fewshot.bgad_scoring import anomaly_maps, image_scores, learn_maxima, normality


def likelihoods(images: int, seed: int) -> list[torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return [-5 * torch.rand(images, side, side, generator=generator) for side in (8, 4)]


def test_maxima_do_not_depend_on_how_images_are_grouped() -> None:
    whole = likelihoods(6, 0)
    parts = [[level[rows] for level in whole] for rows in (slice(0, 1), slice(1, 6))]
    first, second = learn_maxima([whole], (16, 16)), learn_maxima(parts, (16, 16))
    assert torch.equal(first.levels, second.levels)
    torch.testing.assert_close(first.normality, second.normality)


def test_the_most_normal_pixel_scores_zero_and_all_others_more() -> None:
    whole = likelihoods(6, 0)
    maps = anomaly_maps(whole, learn_maxima([whole], (16, 16)), (16, 16))
    assert maps.shape == (6, 16, 16)
    assert maps.min() == 0
    assert torch.equal(image_scores(maps), maps.amax(dim=(1, 2)))


def test_corners_are_aligned() -> None:
    level = torch.zeros(1, 2, 2)
    level[0, 0, 0] = -100
    relative = normality([level], torch.zeros(1), (5, 5))
    torch.testing.assert_close(relative[0, 0], torch.tensor([0.0, 0.25, 0.5, 0.75, 1.0]))
