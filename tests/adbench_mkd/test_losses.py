"""The two distances against their definitions."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from adbench_mkd.losses import discrepancy, distances


def maps(seed: int) -> list[torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return [torch.randn(shape, generator=generator) for shape in ((3, 4, 5, 5), (3, 6, 2, 2))]


def test_distances_are_those_of_numpy() -> None:
    source, clone = maps(0), maps(1)
    direction, value = distances(source, clone)
    for level, (one, other) in enumerate(zip(source, clone, strict=True)):
        for image in range(3):
            a, b = one[image].numpy().ravel().astype(float), other[image].numpy().ravel().astype(float)
            cosine = a @ b / np.linalg.norm(a) / np.linalg.norm(b)
            assert float(direction[image, level]) == pytest.approx(1 - cosine, abs=1e-6)
            assert float(value[image, level]) == pytest.approx(((a - b) ** 2).mean(), rel=1e-5)


def test_without_a_value_weight_lengths_do_not_matter() -> None:
    source, clone = maps(0), maps(1)
    longer = [3 * each for each in clone]
    torch.testing.assert_close(discrepancy(source, clone, 0.0), discrepancy(source, longer, 0.0))
    assert bool((discrepancy(source, longer, 0.01) > discrepancy(source, clone, 0.01)).all())


def test_a_perfect_clone_scores_nothing() -> None:
    torch.testing.assert_close(discrepancy(maps(0), maps(0), 0.01), torch.zeros(3), atol=1e-5, rtol=0)


def test_maps_of_zeros_are_as_far_as_perpendicular_ones() -> None:
    zeros = [torch.zeros(2, 3, 4, 4)]
    assert distances(zeros, [torch.rand(2, 3, 4, 4)])[0].flatten().tolist() == [1, 1]
