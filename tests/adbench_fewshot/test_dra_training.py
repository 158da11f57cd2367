from __future__ import annotations

import contextlib

import numpy as np
import pytest
import torch

from adbench_fewshot.dra_network import HEADS, DraNetwork
from adbench_fewshot.dra_training import (
    Sampler,
    Trainer,
    deviation_loss,
    draw_moments,
    endless,
    head_losses,
    learning_rate,
    moments,
)
from adbench_fewshot.parameters import DraParameters
from adbench_fewshot.resnet import ResNet18

STANDARD = dict.fromkeys(HEADS, (0.0, 1.0))


def sampler(normals: int = 3, abnormals: int = 2, **changes) -> Sampler:
    """Normal images are all 100 + i, abnormal ones 200 + i."""
    normal, abnormal = (
        np.repeat(np.arange(first, first + count, dtype=np.uint8), 3 * 64 * 64).reshape(count, 3, 64, 64)
        for first, count in ((100, normals), (200, abnormals))
    )
    return Sampler(normal, abnormal, DraParameters(**{"image_size": 64, "batch_size": 12, **changes}), "cpu")


def test_normals_are_pulled_to_the_reference_and_anomalies_pushed_above_the_margin() -> None:
    scores = torch.tensor([1.0, -3.0, 9.0, 2.0])
    high = torch.tensor([False, False, True, True])
    loss = deviation_loss(scores, high, (1.0, 2.0), 5.0)
    assert loss.item() == pytest.approx((0 + 2 + 1 + 4.5) / 4)


def test_the_holistic_head_is_pushed_up_by_normals() -> None:
    labels = torch.tensor([0, 1, 2])
    scores = {
        "holistic": torch.tensor([5.0, 0, 0]),
        "seen": torch.tensor([0.0, 5]),
        "pseudo": torch.tensor([0.0, 5]),
        "composite": torch.tensor([0.0, 5, 5]),
    }
    assert all(loss == 0 for loss in head_losses(scores, labels, STANDARD, 5.0).values())


def test_a_head_without_images_is_left_out() -> None:
    scores = {head: torch.ones(2) for head in HEADS} | {"seen": torch.ones(0)}
    losses = head_losses(scores, torch.tensor([2, 2]), STANDARD, 5.0)
    assert set(losses) == {"holistic", "pseudo", "composite"}
    assert all(torch.isfinite(loss) for loss in losses.values())


def test_moments_are_those_of_numpy() -> None:
    draws = torch.randn(50)
    assert moments(draws) == (pytest.approx(draws.double().numpy().mean()), pytest.approx(draws.double().numpy().std(ddof=1)))
    first, second = (draw_moments(torch.Generator().manual_seed(3)) for _ in range(2))
    assert first == second
    assert len(set(first.values())) == len(HEADS)


def test_the_rate_drops_one_epoch_early() -> None:
    rates = [learning_rate(epoch, 2e-4, 10) for epoch in range(30)]
    assert [epoch for epoch in range(1, 30) if rates[epoch] < rates[epoch - 1]] == [9, 19, 29]


def test_batches_are_two_thirds_normal_and_half_of_these_pseudo_anomalies() -> None:
    batches = sampler().batches(np.random.default_rng(0))
    labels = torch.stack([next(batches).labels for _ in range(40)])
    assert (labels[:, 8:] == 1).all()
    assert (labels[:, :8] != 1).all()
    assert (labels[:, :8] == 2).double().mean().item() == pytest.approx(0.5, abs=0.1)


def test_without_pseudo_anomalies_and_rotation_images_are_as_they_are() -> None:
    batch = next(sampler(pseudo_share=0, rotation=0).batches(np.random.default_rng(0)))
    levels = batch.images[:, 0].flatten(1)
    assert (levels == levels[:, :1]).all()
    assert len(set(levels[:, 0].tolist())) == 5


def test_fixed_references_are_the_first_normals_and_random_ones_change() -> None:
    rng = np.random.default_rng(0)
    fixed = sampler(references=2)
    assert torch.equal(fixed.references(rng), fixed.references(rng))
    assert fixed.references(rng).shape == (2, 3, 64, 64)
    assert sampler(references=5).references(rng).shape[0] == 3
    drawn = sampler(references=5, reference_draw="random")
    assert drawn.references(rng).shape[0] == 5
    assert not torch.equal(drawn.references(rng), drawn.references(rng))


def test_every_image_comes_before_any_comes_again() -> None:
    stream = endless(4, np.random.default_rng(0))
    assert sorted(next(stream) for _ in range(4)) == [0, 1, 2, 3]
    assert sorted(next(stream) for _ in range(4)) == [0, 1, 2, 3]


def test_the_gradient_is_clipped_and_the_loss_falls() -> None:
    torch.manual_seed(0)
    parameters = DraParameters(image_size=64, batch_size=12)
    trainer = Trainer(DraNetwork(ResNet18((4, 4, 4, 6, 8)), 8, 0.1, 2), parameters, contextlib.nullcontext)
    batch = next(sampler().batches(np.random.default_rng(0)))
    losses, norm = trainer.step(batch, STANDARD, 1e-3)
    gradients = torch.cat([weight.grad.flatten() for weight in trainer.network.parameters()])
    assert norm > 1
    assert gradients.norm().item() == pytest.approx(1, abs=1e-3)
    for _ in range(10):
        later, _ = trainer.step(batch, STANDARD, 1e-3)
    assert sum(later.values()) < sum(losses.values())
