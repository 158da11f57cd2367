from __future__ import annotations

import torch

from adbench_mvfa.fusion import Branches, from_tensor, fused_map, fused_score, learn_ranges, to_tensor


def test_the_mean_of_two_min_maxed_branches() -> None:
    text, memory = torch.tensor([0.0, 1.0, 4.0]), torch.tensor([3.0, 5.0, 4.0])
    branches = Branches(text_score=text, memory_score=memory)
    fused = fused_score(branches, learn_ranges([branches]))
    assert fused is not None
    assert fused.tolist() == [0.0, 0.625, 0.75]


def test_one_branch_alone_needs_no_range() -> None:
    maps = torch.rand(2, 3, 3)
    assert fused_map(Branches(text_map=maps), {}) is maps
    assert fused_score(Branches(text_map=maps), {}) is None


def test_ranges_grow_over_parts_and_survive_saving() -> None:
    parts = [Branches(text_map=torch.tensor([[[1.0]]])), Branches(text_map=torch.tensor([[[-2.0]]]))]
    ranges = learn_ranges(parts)
    assert ranges == {"text_map": (-2.0, 1.0)}
    assert from_tensor(to_tensor(ranges)) == ranges
    assert from_tensor(to_tensor({})) == {}
