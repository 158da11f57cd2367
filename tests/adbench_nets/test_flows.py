from __future__ import annotations

import math
import time

import numpy as np
import pytest
import torch

from adbench_nets import ConditionalFlow, build_flows, log_likelihood, position_encoding
from adbench_nets.flows import random_rotation


def one_flow(channels: int, condition: int, blocks: int) -> ConditionalFlow:
    return build_flows([channels], condition, blocks, generator=torch.Generator().manual_seed(0))[0]


@pytest.mark.parametrize("channels", [2, 5, 8])
def test_the_log_determinant_is_that_of_the_jacobian(channels: int) -> None:
    flow = one_flow(channels, 4, 3).double()
    # The rotations are drawn in double precision and kept in single.
    x, condition = torch.randn(1, channels, dtype=torch.float64), torch.randn(1, 4, dtype=torch.float64)
    jacobian = torch.autograd.functional.jacobian(lambda one: flow(one, condition)[0], x)[0, :, 0]
    torch.testing.assert_close(flow(x, condition)[1][0], torch.linalg.slogdet(jacobian).logabsdet, rtol=1e-5, atol=1e-6)


def test_the_inverse_goes_back() -> None:
    flow = one_flow(7, 4, 4).double()
    x, condition = torch.randn(20, 7, dtype=torch.float64), torch.randn(20, 4, dtype=torch.float64)
    z, _ = flow(x, condition)
    # The rotations are drawn in double precision and kept in single.
    torch.testing.assert_close(flow.inverse(z, condition), x, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("channels", [4, 5])
def test_a_block_couples_scales_and_rotates(channels: int) -> None:
    """Written out from the paper: the first half steers the other, then every channel is scaled, then all are rotated."""
    flow = one_flow(channels, 6, 1)
    block = flow[0]
    with torch.no_grad():
        block.global_scale.add_(torch.randn_like(block.global_scale))
        block.global_offset.normal_()
    x, condition = torch.randn(9, channels), torch.randn(9, 6)
    steering, steered = x.split([channels - channels // 2, channels // 2], dim=1)
    log_scale, shift = (0.1 * block.subnet(torch.cat([steering, condition], dim=1))).chunk(2, dim=1)
    log_scale = 1.9 * log_scale.tanh()
    scale = 0.1 * torch.nn.functional.softplus(block.global_scale, beta=0.5)
    coupled = torch.cat([steering, steered * log_scale.exp() + shift], dim=1) * scale + block.global_offset
    z, log_determinant = flow(x, condition)
    torch.testing.assert_close(z, coupled @ block.w_perm.T)
    torch.testing.assert_close(log_determinant, log_scale.sum(dim=1) + scale.log().sum())


def test_a_new_flow_scales_by_one() -> None:
    block = one_flow(6, 4, 1)[0]
    torch.testing.assert_close(block.global_scale_activation(block.global_scale), torch.ones(1, 6))


def test_key_names_are_freia_s() -> None:
    part = (
        "global_scale",
        "global_offset",
        "w_perm",
        "w_perm_inv",
        "subnet.0.weight",
        "subnet.0.bias",
        "subnet.2.weight",
        "subnet.2.bias",
    )
    names = [f"{level}.module_list.{block}.{name}" for level in range(2) for block in range(3) for name in part]
    assert list(build_flows([6, 8], 4, 3).state_dict()) == names


@pytest.mark.parametrize("permutation", ["soft", "hard"])
def test_a_generator_draws_everything_and_nothing_else_does(permutation: str) -> None:
    def build() -> dict[str, torch.Tensor]:
        return build_flows([5, 6], 4, 2, permutation=permutation, generator=torch.Generator().manual_seed(3)).state_dict()

    torch_state, numpy_state = torch.get_rng_state(), np.random.get_state()[1].copy()  # noqa: NPY002
    first = build()
    assert torch.equal(torch.get_rng_state(), torch_state)
    assert np.array_equal(np.random.get_state()[1], numpy_state)  # noqa: NPY002
    torch.rand(3)
    again = build()
    assert all(torch.equal(tensor, again[name]) for name, tensor in first.items())
    assert not torch.equal(first["0.module_list.0.w_perm"], first["0.module_list.1.w_perm"])
    assert (set(first["0.module_list.0.w_perm"].unique().tolist()) == {0.0, 1.0}) == (permutation == "hard")


def test_permutations_are_fixed() -> None:
    learned = {name.rpartition(".")[2] for name, weight in one_flow(6, 4, 1).named_parameters() if weight.requires_grad}
    assert learned == {"global_scale", "global_offset", "weight", "bias"}


def test_wide_rotations_are_drawn_in_seconds() -> None:
    started = time.perf_counter()
    build_flows([768], 8, 1, generator=torch.Generator().manual_seed(0))
    assert time.perf_counter() - started < 20


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
