from __future__ import annotations

import pytest
import torch
from torch.nn.functional import cosine_similarity

from adbench_nets import memory, nearest_distance


@pytest.mark.parametrize("at_once", [1, 7, 10**6])
def test_the_nearest_is_found_whatever_is_computed_at_once(monkeypatch: pytest.MonkeyPatch, at_once: int) -> None:
    monkeypatch.setattr(memory, "SIMILARITIES_AT_ONCE", at_once)
    generator = torch.Generator().manual_seed(1)
    queries, known = torch.randn(3, 5, 8, generator=generator), torch.randn(11, 8, generator=generator)
    expected = torch.tensor([[min(float(1 - cosine_similarity(q, m, dim=0)) for m in known) for q in row] for row in queries])
    torch.testing.assert_close(nearest_distance(queries, known), expected)


def test_a_remembered_token_is_at_distance_zero_whatever_its_length() -> None:
    known = torch.randn(4, 6, generator=torch.Generator().manual_seed(2))
    torch.testing.assert_close(nearest_distance(5 * known, known), torch.zeros(4), rtol=0, atol=1e-6)
    torch.testing.assert_close(nearest_distance(-known[:1], known[:1]), torch.tensor([2.0]))


def test_a_zero_token_is_at_distance_one() -> None:
    assert nearest_distance(torch.zeros(1, 3), torch.ones(2, 3)).item() == 1
