from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from randomclip import random_tower

from adbench import UserError
from adbench_mvfa.adapters import Adapters
from adbench_mvfa.network import adapt, stem

LEVELS = (1, 2, 3, 4)


def test_names_are_those_of_the_release() -> None:
    names = set(Adapters(16, 12, LEVELS).state_dict())
    assert names == {f"{head}_adapters.{i}.fc{j}.0.weight" for head in ("seg", "det") for i in range(4) for j in (1, 2)}


def test_one_level_by_hand() -> None:
    adapters = Adapters(16, 12, (1,), residual=0.1)
    stream = torch.randn(2, 5, 16)
    seg, det, onward = adapters.level(0, stream, onward=True)
    state = adapters.state_dict()
    tokens = {head: F.leaky_relu(stream @ state[f"{head}_adapters.0.fc1.0.weight"].T, 0.01) for head in ("seg", "det")}
    back = {head: F.leaky_relu(tokens[head] @ state[f"{head}_adapters.0.fc2.0.weight"].T, 0.01) for head in tokens}
    torch.testing.assert_close(seg, tokens["seg"])
    torch.testing.assert_close(det, tokens["det"])
    torch.testing.assert_close(onward, 0.8 * stream + 0.1 * back["seg"] + 0.1 * back["det"])


def test_the_seed_decides_the_first_weights() -> None:
    first, again, other = (Adapters(16, 12, LEVELS, generator=torch.Generator().manual_seed(s)).state_dict() for s in (1, 1, 2))
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert not any(torch.equal(first[name], other[name]) for name in first)
    assert all(weight.abs().max() <= weight.shape[1] ** -0.5 for weight in first.values())


def test_a_single_head_reads_one_token_twice() -> None:
    adapters = Adapters(16, 12, LEVELS, single=True)
    seg, det, _ = adapters.level(0, torch.randn(1, 3, 16), onward=True)
    assert seg is det
    assert set(adapters.state_dict()) == {f"adapters.{i}.fc{j}.0.weight" for i in range(4) for j in (1, 2)}


@pytest.mark.parametrize(("projectors", "bare"), [("none", []), ("last", [3]), ("all", [0, 1, 2, 3])])
def test_projectors_do_not_write_back(projectors: str, bare: list[int]) -> None:
    adapters = Adapters(16, 12, LEVELS, projectors=projectors)
    stream = torch.randn(1, 3, 16)
    for level in range(4):
        token, _, onward = adapters.level(level, stream, onward=True)
        assert (onward is stream) == (level in bare)
        weight = adapters.state_dict()[f"seg_adapters.{level}.fc1.0.weight"]
        linear = stream @ weight.T
        torch.testing.assert_close(token, linear if level in bare else F.leaky_relu(linear))


def test_nothing_below_the_first_adapter_is_differentiated() -> None:
    tower = random_tower()
    adapters = Adapters(tower.width, tower.embed_dim, (2, 4))
    images = torch.rand(1, 3, 28, 28, requires_grad=True)
    first_stage = stem(tower, adapters, images)
    assert not first_stage.requires_grad
    adapt(tower, adapters, first_stage).seg[1].sum().backward()
    assert images.grad is None
    assert all(weight.grad is None for weight in tower.model.parameters())
    assert adapters.state_dict(keep_vars=True)["det_adapters.0.fc2.0.weight"].grad is not None


def test_saved_adapters_come_back_and_a_memory_beside_them_is_left_alone() -> None:
    state = Adapters(16, 12, LEVELS).state_dict()
    adapters = Adapters(16, 12, LEVELS)
    adapters.load({**state, "memory.seg.0": torch.zeros(1), "text": torch.zeros(1)})
    assert all(torch.equal(adapters.state_dict()[name], state[name]) for name in state)


@pytest.mark.parametrize(
    ("other", "message"),
    [
        (Adapters(16, 12, (1, 2, 3)), "is missing"),
        (Adapters(16, 12, (1, 2, 3, 4, 5)), "is unexpected"),
        (Adapters(16, 10, LEVELS), "shape"),
        (Adapters(16, 12, LEVELS, single=True), "is missing"),
    ],
)
def test_adapters_of_another_layout_are_refused(other: Adapters, message: str) -> None:
    with pytest.raises(UserError, match=message):
        Adapters(16, 12, LEVELS).load(other.state_dict())
