"""The coreset against anomalib's."""

from __future__ import annotations

import numpy as np
import pytest
import torch

pytest.importorskip("anomalib")
from adbench_anomalib import coreset
from adbench_anomalib.coreset import greedy_coreset

pytestmark = pytest.mark.anomalib


def anomalib_choice(embedding: torch.Tensor, size: int, seed: int) -> list[int]:
    from anomalib.models.components import KCenterGreedy

    torch.manual_seed(seed)
    np.random.seed(seed)  # noqa: NPY002 (anomalib draws from it)
    sampler = KCenterGreedy(embedding, sampling_ratio=1.0)
    sampler.coreset_size = size
    return sampler.select_coreset_idxs()


def clustered(count: int, width: int, seed: int) -> torch.Tensor:
    """Points around a few centres, some of them equal, as the background of scans gives."""
    generator = torch.Generator().manual_seed(seed)
    centres = torch.randn(12, width, generator=generator).relu()
    points = centres[torch.randint(12, (count,), generator=generator)] + 0.1 * torch.randn(count, width, generator=generator)
    points[count // 2 : count // 2 + 20] = points[0]
    return points


@pytest.mark.parametrize(("count", "width", "size"), [(700, 32, 200), (700, 32, 690), (3000, 96, 60), (40, 5, 1)])
@pytest.mark.parametrize("seed", [0, 7])
def test_chooses_what_anomalib_chooses(count: int, width: int, size: int, seed: int) -> None:
    points = clustered(count, width, seed)
    assert greedy_coreset(points, size, seed).tolist() == anomalib_choice(points, size, seed)


@pytest.mark.parametrize("numbers", [1, 1000, 1 << 30])
def test_blocks_change_nothing(monkeypatch: pytest.MonkeyPatch, numbers: int) -> None:
    points = clustered(300, 16, 0)
    expected = greedy_coreset(points, 50, 0).tolist()
    monkeypatch.setitem(coreset.BLOCK_NUMBERS, "cpu", numbers)
    assert greedy_coreset(points, 50, 0).tolist() == expected


def test_all_points() -> None:
    assert greedy_coreset(torch.randn(9, 4), 9, 0).tolist() == list(range(9))


def test_random_states_are_left_alone() -> None:
    before = torch.random.get_rng_state(), np.random.get_state()[1].copy()  # noqa: NPY002
    greedy_coreset(torch.randn(50, 4, generator=torch.Generator().manual_seed(0)), 5, 0)
    assert torch.equal(torch.random.get_rng_state(), before[0])
    assert (np.random.get_state()[1] == before[1]).all()  # noqa: NPY002
