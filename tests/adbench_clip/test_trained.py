from __future__ import annotations

import pytest
import torch
from torch import nn

from adbench import UserError
from adbench_clip.trained import load_trained


def layers() -> nn.Module:
    return nn.ModuleDict({"fc": nn.ModuleList([nn.Linear(3, 2)])})


def test_weights_are_taken_and_strangers_left_alone() -> None:
    source, target = layers(), layers()
    load_trained(target, {**source.state_dict(), "memory.0": torch.zeros(1)}, "layers")
    assert all(torch.equal(value, target.state_dict()[name]) for name, value in source.state_dict().items())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"fc.0.bias": None}, "lack fc.0.bias"),
        ({"fc.0.bias": torch.zeros(5)}, r"fc.0.bias of shape \(5,\)"),
        ({"fc.1.weight": torch.zeros(2, 3)}, "also hold fc.1.weight"),
    ],
)
def test_what_does_not_fit_is_said(change: dict, message: str) -> None:
    state = {name: value for name, value in {**layers().state_dict(), **change}.items() if value is not None}
    with pytest.raises(UserError, match=message):
        load_trained(layers(), state, "layers")
