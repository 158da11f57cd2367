from __future__ import annotations

import copy

import pytest
import torch
import torch.nn.functional as F
from randomclip import SIDE, random_tower

from adbench_mvfa.adapters import Adapters
from adbench_mvfa.network import stem
from adbench_mvfa.training import Loss, Trainer, train
from adbench_nets import Batch, Examples

LEVELS = (1, 2, 3, 4)


def trainer(**options) -> Trainer:
    tower = random_tower()
    adapters = Adapters(tower.width, tower.embed_dim, LEVELS, generator=torch.Generator().manual_seed(0), **options)
    return Trainer(tower, adapters, 1e-3, Loss((SIDE, SIDE)))


def batch_of(of: Trainer, masked: list[bool]) -> Batch:
    generator = torch.Generator().manual_seed(1)
    count = len(masked)
    images = torch.rand(count, 3, SIDE, SIDE, generator=generator)
    masks = (torch.rand(count, SIDE, SIDE, generator=generator) > 0.7).float() * torch.tensor(masked)[:, None, None]
    text = F.normalize(torch.randn(count, of.tower.embed_dim, 2, generator=generator), dim=1)
    labels = torch.arange(count).remainder(2).float()
    return Batch(stem(of.tower, of.adapters, images), labels, masks, torch.tensor(masked), text)


def part(batch: Batch, rows: slice) -> Batch:
    return Batch(batch.frozen[rows], batch.labels[rows], batch.masks[rows], batch.masked[rows], batch.text[rows])


def gradients(of: Trainer) -> dict[str, torch.Tensor]:
    return {name: weight.grad.clone() for name, weight in of.adapters.named_parameters() if weight.grad is not None}


@pytest.mark.parametrize("masked", [[True] * 4, [False] * 4, [True, False, False, True]])
def test_a_batch_gives_the_gradient_of_the_mean_of_single_losses(masked: list[bool]) -> None:
    whole = trainer()
    batch = batch_of(whole, masked)
    loss = whole.backward(batch)
    together = gradients(whole)
    alone: dict[str, torch.Tensor] = {}
    losses = []
    for row in range(4):
        losses.append(whole.backward(part(batch, slice(row, row + 1))))
        for name, gradient in gradients(whole).items():
            alone[name] = alone.get(name, torch.zeros_like(gradient)) + gradient / 4
    torch.testing.assert_close(loss, torch.stack(losses).mean())
    assert set(together) == set(alone)
    for name, gradient in together.items():
        torch.testing.assert_close(gradient, alone[name], rtol=1e-3, atol=1e-6)


def test_without_masks_only_the_detection_head_moves() -> None:
    training = trainer()
    before = copy.deepcopy(training.adapters.state_dict())
    training.step(batch_of(training, [False, False]))
    moved = {name for name, weight in training.adapters.state_dict().items() if not torch.equal(weight, before[name])}
    assert moved
    assert all(name.startswith("det_") for name in moved)


def test_a_set_without_masks_adds_nothing_but_bce() -> None:
    training = trainer()
    losses = training.losses(batch_of(training, [True, False]))
    assert losses.focal[0].min() > 0
    assert not losses.focal[1].any()
    assert not losses.dice[1].any()
    assert losses.bce.min() > 0


@pytest.mark.slow
@pytest.mark.parametrize("options", [{"single": True}, {"projectors": "all"}, {"projectors": "last"}, {"residual": 0.0}])
def test_every_variant_learns(options: dict) -> None:
    training = trainer(**options)
    batch = batch_of(training, [True, True])
    losses = [training.step(batch).item() for _ in range(8)]
    assert losses[-1] < losses[0]


@pytest.mark.parametrize(
    ("looks", "expected"), [("after-epoch", [11, 22]), ("within-epoch", [0, 2, 4, 6, 8, 10, 11, 13, 15, 17, 19, 21])]
)
def test_checkpoints_come_where_the_release_has_them(looks: str, expected: list[int]) -> None:
    training = trainer()
    batch = batch_of(training, [False])
    losses: list[torch.Tensor] = []
    orders = [[[0]] * 11, [[0]] * 11]
    seen = [len(losses) for _ in train(training, Examples(1, lambda _: batch), orders, looks, losses)]
    assert seen == expected
    assert len(losses) == 22
