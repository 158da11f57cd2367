from __future__ import annotations

import math

import pytest
import torch
import torch.nn.functional as F
from randomclip import SIDE, random_network

from adbench_clip.april_training import Trainer, level_losses
from adbench_nets import Batch, Examples, dice_loss, focal_loss, patch_logits, probability_maps


def batch_of(masked: list[bool], labels: list[float]) -> Batch:
    generator, count = torch.Generator().manual_seed(1), len(masked)
    frozen = random_network().freeze(torch.rand(count, 3, SIDE, SIDE, generator=generator))
    shown = torch.tensor(masked) & (torch.tensor(labels) > 0)
    masks = (torch.rand(count, SIDE, SIDE, generator=generator) > 0.7).float() * shown[:, None, None]
    text = F.normalize(torch.randn(count, 12, 2, generator=generator), dim=1)
    return Batch(frozen, torch.tensor(labels), masks, torch.tensor(masked), text)


def abnormal_maps(of, batch: Batch) -> torch.Tensor:
    return probability_maps(patch_logits(of.projections(batch.frozen), batch.text), (4, 4), (SIDE, SIDE))


def test_with_masks_the_losses_are_focal_and_dice_of_every_level() -> None:
    of, batch = random_network(), batch_of([True, True], [1.0, 0.0])
    losses = level_losses(of, batch)
    maps = abnormal_maps(of, batch)
    masks = batch.masks[:, None].expand_as(maps)
    torch.testing.assert_close(losses.focal, focal_loss(maps, masks))
    torch.testing.assert_close(losses.dice, dice_loss(maps, masks))
    assert losses.image.tolist() == [[0.0] * 3] * 2
    torch.testing.assert_close(losses.total(), (losses.focal + losses.dice).sum(dim=1))


def test_without_masks_a_normal_image_has_an_empty_one() -> None:
    of, batch = random_network(), batch_of([False, False], [0.0, 1.0])
    losses = level_losses(of, batch)
    maps = abnormal_maps(of, batch)[:1]
    torch.testing.assert_close(losses.focal[:1], focal_loss(maps, torch.zeros_like(maps)))
    torch.testing.assert_close(losses.dice[:1], dice_loss(maps, torch.zeros_like(maps)))
    assert losses.image[0].tolist() == [0.0] * 3


def test_without_masks_an_abnormal_image_must_look_abnormal_on_average() -> None:
    of, batch = random_network(), batch_of([False], [1.0])
    losses = level_losses(of, batch)
    assert losses.focal.tolist() == losses.dice.tolist() == [[0.0] * 3]
    patches = patch_logits(of.projections(batch.frozen), batch.text).softmax(dim=-1)[0, :, :, 1]
    expected = [-math.log(sum(level.tolist()) / 16) for level in patches]
    torch.testing.assert_close(losses.image[0], torch.tensor(expected))


def test_a_hopeless_image_gives_finite_gradients() -> None:
    of, batch = random_network(), batch_of([False], [1.0])
    with torch.no_grad():
        for layer in of.projections.fc:
            layer.weight.zero_()
            layer.bias.copy_(1000 * batch.text[0, :, 0])
    batch.text[:, :, 1] = -batch.text[:, :, 0]
    loss = Trainer(of, 1e-3).backward(batch)
    assert torch.isfinite(loss)
    assert all(torch.isfinite(weight.grad).all() for weight in of.projections.parameters() if weight.grad is not None)


@pytest.mark.parametrize(
    ("masked", "labels"), [([True, True], [1.0, 0.0]), ([False, False], [1.0, 0.0])], ids=["masks", "labels"]
)
def test_steps_lower_the_loss_and_leave_the_tower_alone(masked: list[bool], labels: list[float]) -> None:
    of, batch = random_network(), batch_of(masked, labels)
    trainer = Trainer(of, 1e-3)
    before = {name: weight.clone() for name, weight in of.tower.model.state_dict().items()}
    losses = [trainer.step(batch).item() for _ in range(8)]
    assert losses[-1] < losses[0]
    assert all(torch.equal(weight, before[name]) for name, weight in of.tower.model.state_dict().items())


def test_a_batch_has_the_gradient_of_the_mean_of_its_images() -> None:
    of, batch = random_network(), batch_of([True, False, False], [1.0, 0.0, 1.0])
    trainer = Trainer(of, 1e-3)
    trainer.backward(batch)
    together = [weight.grad.clone() for weight in of.projections.parameters() if weight.grad is not None]
    alone = []
    for row in range(3):
        part = slice(row, row + 1)
        trainer.backward(Batch(batch.frozen[part], batch.labels[part], batch.masks[part], batch.masked[part], batch.text[part]))
        alone.append([weight.grad.clone() for weight in of.projections.parameters() if weight.grad is not None])
    for whole, *parts in zip(together, *alone, strict=True):
        # In float32 enlarging one image and three differs by 1e-4 or so; in float64 nothing does. A sum would be 2 off.
        assert (whole - sum(parts) / 3).norm() < 1e-3 * whole.norm()


def test_training_goes_through_the_orders() -> None:
    asked: list[list[int]] = []

    def fetch(indices) -> Batch:
        asked.append(list(indices))
        return batch_of([True] * len(indices), [1.0] * len(indices))

    Trainer(random_network(), 1e-3).train(Examples(3, fetch), [[[2, 0], [1]], [[0, 1], [2]]])
    assert asked == [[2, 0], [1], [0, 1], [2]]
