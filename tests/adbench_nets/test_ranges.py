from __future__ import annotations

import torch

from adbench_nets import scaled


def test_values_outside_the_learnt_range_are_not_clipped() -> None:
    assert scaled(torch.tensor([-1.0, 5.0]), (0.0, 2.0)).tolist() == [-0.5, 2.5]


def test_a_constant_range_is_no_division_by_zero() -> None:
    assert scaled(torch.tensor([3.0, 3.5]), (3.0, 3.0)).tolist() == [0.0, 0.5]
