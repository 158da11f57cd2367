from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from adbench_nets import dice_loss, focal_loss


def test_focal_by_the_formula_pixel_by_pixel() -> None:
    abnormal = torch.rand(2, 3, 4, generator=torch.Generator().manual_seed(0))
    mask = (torch.arange(24).reshape(2, 3, 4) % 3 == 0).float()
    total = torch.zeros(2)
    for image in range(2):
        for p, m in zip(abnormal[image].flatten(), mask[image].flatten(), strict=True):
            right, wrong = (p, 1 - p) if m else (1 - p, p)
            smooth = right * (1 - 1e-5) + wrong * 1e-5 + 1e-5
            total[image] -= (1 - smooth) ** 2 * torch.log(smooth)
    torch.testing.assert_close(focal_loss(abnormal, mask), total / 12)


def test_dice_of_nothing_is_zero_and_of_a_miss_is_near_one() -> None:
    empty, full = torch.zeros(1, 4, 4), torch.ones(1, 4, 4)
    assert dice_loss(empty, empty).item() == 0
    assert dice_loss(full, full).item() == 0
    assert dice_loss(empty, full).item() == pytest.approx(1 - 1 / 17)


def test_certain_and_wrong_stays_finite() -> None:
    logits = torch.tensor([[[200.0]]], requires_grad=True)
    loss = focal_loss(logits.sigmoid(), torch.zeros(1, 1, 1)).sum() + F.binary_cross_entropy(
        logits.sigmoid(), torch.zeros(1, 1, 1)
    )
    loss.backward()
    assert torch.isfinite(loss)
    assert logits.grad is not None
    assert torch.isfinite(logits.grad).all()
