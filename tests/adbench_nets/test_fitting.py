from __future__ import annotations

import pytest
import torch
from torch import nn

from adbench import UserError
from adbench_nets import as_float32, load_weights


def layers() -> nn.Module:
    return nn.ModuleDict({"fc": nn.ModuleList([nn.Linear(3, 2)])})


def test_weights_are_taken_and_strangers_left_alone() -> None:
    source, target = layers(), layers()
    load_weights(target, {**source.state_dict(), "memory.0": torch.zeros(1)}, "The layers", "Give others.", part=True)
    assert all(torch.equal(value, target.state_dict()[name]) for name, value in source.state_dict().items())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"fc.0.bias": None}, "The saved layers do not fit that model: fc.0.bias is missing. Give others."),
        ({"fc.0.bias": torch.zeros(5)}, r"fc.0.bias has shape \(5,\)"),
        ({"fc.1.weight": torch.zeros(2, 3)}, "fc.1.weight is unexpected"),
    ],
)
def test_what_does_not_fit_is_said(change: dict, message: str) -> None:
    state = {name: value for name, value in {**layers().state_dict(), **change}.items() if value is not None}
    with pytest.raises(UserError, match=message):
        load_weights(layers(), state, "The saved layers", "Give others.", "that model", part=True)


def test_without_part_a_stranger_is_refused() -> None:
    with pytest.raises(UserError, match="do not fit this network: memory.0 is unexpected. Give others."):
        load_weights(layers(), {**layers().state_dict(), "memory.0": torch.zeros(1)}, "They", "Give others.")


def test_the_module_keeps_its_precision_unless_tensors_are_assigned() -> None:
    half = {name: tensor.half() for name, tensor in layers().state_dict().items()}
    target = layers()
    load_weights(target, half, "They", "Give others.")
    assert {tensor.dtype for tensor in target.state_dict().values()} == {torch.float32}
    load_weights(target, half, "They", "Give others.", assign=True)
    assert {tensor.dtype for tensor in target.state_dict().values()} == {torch.float16}


def test_counters_stay_integers() -> None:
    found = as_float32({"weight": torch.ones(2, dtype=torch.bfloat16), "steps": torch.tensor(3)})
    assert (found["weight"].dtype, found["steps"].dtype) == (torch.float32, torch.int64)
