from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from adbench_fewshot.flow import ConditionalFlow, log_likelihood, position_encoding, random_rotation


@pytest.mark.parametrize("channels", [2, 5, 8])
def test_the_log_determinant_is_that_of_the_jacobian(channels: int) -> None:
    flow = ConditionalFlow(channels, 4, 3, generator=torch.Generator().manual_seed(0)).double()
    # The rotations are drawn in double precision and kept in single.
    x, condition = torch.randn(1, channels, dtype=torch.float64), torch.randn(1, 4, dtype=torch.float64)
    jacobian = torch.autograd.functional.jacobian(lambda one: flow(one, condition)[0], x)[0, :, 0]
    torch.testing.assert_close(flow(x, condition)[1][0], torch.linalg.slogdet(jacobian).logabsdet, rtol=1e-5, atol=1e-6)


def test_the_inverse_goes_back() -> None:
    flow = ConditionalFlow(7, 4, 4, generator=torch.Generator().manual_seed(1)).double()
    x, condition = torch.randn(20, 7, dtype=torch.float64), torch.randn(20, 4, dtype=torch.float64)
    z, _ = flow(x, condition)
    # The rotations are drawn in double precision and kept in single.
    torch.testing.assert_close(flow.inverse(z, condition), x, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("channels", [4, 5])
def test_a_block_is_that_of_freia(channels: int) -> None:
    """FrEIA holds the block that the release uses."""
    modules = pytest.importorskip("FrEIA.modules")
    flow = ConditionalFlow(channels, 6, 1, generator=torch.Generator().manual_seed(2))

    def subnet(inputs: int, outputs: int) -> torch.nn.Sequential:
        return torch.nn.Sequential(torch.nn.Linear(inputs, 2 * inputs), torch.nn.ReLU(), torch.nn.Linear(2 * inputs, outputs))

    reference = modules.AllInOneBlock(
        [(channels,)], [(6,)], subnet, affine_clamping=1.9, global_affine_type="SOFTPLUS", permute_soft=True
    )
    reference.load_state_dict(flow.module_list[0].state_dict(), strict=True)
    x, condition = torch.randn(9, channels), torch.randn(9, 6)
    z, log_determinant = flow(x, condition)
    (expected,), expected_log_determinant = reference([x], [condition])
    torch.testing.assert_close(z, expected)
    torch.testing.assert_close(log_determinant, expected_log_determinant)


def test_a_new_flow_scales_by_one() -> None:
    block = ConditionalFlow(6, 4, 1).module_list[0]
    torch.testing.assert_close(block._scale(), torch.ones(1, 6))


def test_rotations_are_rotations_and_seeded() -> None:
    first, again = (random_rotation(9, torch.Generator().manual_seed(5)) for _ in range(2))
    torch.testing.assert_close(first @ first.T, torch.eye(9), rtol=0, atol=1e-6)
    assert torch.linalg.det(first).item() == pytest.approx(1, abs=1e-5)
    assert torch.equal(first, again)


def test_the_likelihood_is_the_normal_density_per_channel() -> None:
    z = torch.randn(11, 5)
    expected = torch.distributions.Normal(0.0, 1.0).log_prob(z).sum(dim=1) / 5
    torch.testing.assert_close(log_likelihood(z, torch.zeros(11)), expected)
    torch.testing.assert_close(log_likelihood(z, torch.full((11,), 10.0)), expected + 2)


def test_positions_are_sines_of_columns_then_of_rows() -> None:
    encoding = position_encoding(8, 3, 5).numpy()
    assert encoding.shape == (8, 3, 5)
    for row, column, pair in np.ndindex(3, 5, 2):
        frequency = 10000 ** (-2 * pair / 4)
        expected = [
            math.sin(column * frequency),
            math.cos(column * frequency),
            math.sin(row * frequency),
            math.cos(row * frequency),
        ]
        found = encoding[[2 * pair, 2 * pair + 1, 4 + 2 * pair, 5 + 2 * pair], row, column]
        np.testing.assert_allclose(found, expected, atol=1e-6)
