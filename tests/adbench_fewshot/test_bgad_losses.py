from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from adbench_fewshot.bgad_losses import BoundaryOptions, boundary_losses, boundary_rank, focal_weights, likelihood_loss

PLAIN = BoundaryOptions(beta=0.25, tau=0.1, normaliser=10, focal=False)


def test_parts_are_those_of_the_formulas() -> None:
    likelihood = torch.tensor([-1.0, -2.0, -3.0, -4.0, -1.5, -30.0])
    abnormal = torch.tensor([False, False, False, False, True, True])
    losses = boundary_losses(likelihood, abnormal, PLAIN)
    assert losses.normal_boundary.item() == pytest.approx(-0.3)
    assert losses.abnormal_boundary.item() == pytest.approx(-0.4)
    assert losses.normal.item() == pytest.approx((0.0 + 0.1) / 2)
    assert losses.abnormal.item() == pytest.approx(-0.15 + 0.4)
    assert losses.likelihood.item() == pytest.approx(np.mean([math.log1p(math.exp(x)) for x in (1, 2, 3, 4)]))
    assert losses.total().item() == pytest.approx(sum(x.item() for x in (losses.likelihood, losses.normal, losses.abnormal)))


def test_anomalies_far_below_the_boundary_leave_a_finite_loss_and_no_gradient() -> None:
    likelihood = torch.tensor([-1.0, -2.0, -3.0, -90.0], requires_grad=True)
    losses = boundary_losses(likelihood, torch.tensor([False, False, False, True]), PLAIN)
    losses.total().backward()
    assert losses.empty
    assert losses.abnormal == 0
    assert torch.isfinite(losses.total())
    assert likelihood.grad is not None
    assert likelihood.grad[3] == 0
    assert likelihood.grad[:3].all()


def test_focal_weights_stress_hard_tokens() -> None:
    scaled = torch.tensor([-0.1, -0.5, -2.0, -2.0, -0.5, 0.3])
    abnormal = torch.tensor([False, False, False, True, True, False])
    hard_normal = [11.7 * math.sqrt(1 - math.exp(-size)) * size for size in (0.5, 2.0)]
    hard_abnormal = 0.53 * (1 + math.exp(-0.5)) ** 2 / 0.5
    expected = [1, *hard_normal, 1, hard_abnormal, 1]
    torch.testing.assert_close(focal_weights(scaled, abnormal), torch.tensor(expected, dtype=torch.float32))


def test_the_likelihood_loss_takes_large_values() -> None:
    losses = likelihood_loss(torch.tensor([-1e4, 1e4]))
    assert losses.item() == pytest.approx(5e3)


def test_ranks_count_from_below() -> None:
    assert [boundary_rank(count, 0.01) for count in (1, 99, 100, 250)] == [0, 0, 1, 2]
