"""Distillation steps."""

from __future__ import annotations

import torch

from adbench_mkd.network import Vgg, build_cloner, build_source, cloner_blocks
from adbench_mkd.training import train, training_loss

BLOCKS = ((3, 3), (4, 4), (4, 4), (5, 5), (5, 5))


def networks() -> tuple[Vgg, Vgg]:
    torch.manual_seed(0)
    source = build_source(Vgg(BLOCKS, cloner=False).state_dict())
    return source, build_cloner(source, cloner_blocks(source.blocks, 4), torch.Generator().manual_seed(0))


def test_training_lowers_the_loss_and_leaves_the_source() -> None:
    source, cloner = networks()
    before = {name: tensor.clone() for name, tensor in source.state_dict().items()}
    images = torch.rand(4, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    losses = torch.stack(list(train(source, cloner, [images] * 15, 3e-3, 0.01)))
    assert losses[-1] < losses[0] - 0.1
    assert all(torch.equal(before[name], tensor) for name, tensor in source.state_dict().items())
    assert all(weight.grad is None for weight in source.parameters())


def test_the_loss_covers_the_levels_that_are_asked_for() -> None:
    source, cloner = networks()
    images = torch.rand(2, 3, 32, 32)
    with torch.no_grad():
        parts = [float(training_loss(source, cloner, images, 0.01, levels)) for levels in (1, 2, 3, 4)]
    assert parts == sorted(parts)
    assert parts[0] > 0
