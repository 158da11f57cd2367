"""Conditional normalising flows over feature vectors, and the position encoding that conditions them.

As in CFlow-AD (Gudovskiy et al., WACV 2022) and later methods: FrEIA's blocks of a conditional affine coupling, a learnt
scale and offset of every channel, and a fixed permutation or rotation.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

import torch
from FrEIA.framework import SequenceINN
from FrEIA.modules import AllInOneBlock
from torch import Tensor, nn

from adbench_nets.seeding import seeded


class ConditionalFlow(SequenceINN):  # type: ignore[misc]  # FrEIA and torch have no types here
    """Coupling blocks in sequence, in FrEIA's key names.

    Permutations and weights are drawn from global generators; `build_flows` uses a given one.

    Args:
        channels: C, length of the vectors; at least 2.
        condition: D, length of the condition.
        blocks: number of blocks.
        clamp: largest logarithm of a coupling's scale.
    """

    def __init__(self, channels: int, condition: int, blocks: int, clamp: float = 1.9) -> None:
        super().__init__(channels)
        self.condition = condition
        for _ in range(blocks):
            self.append(
                AllInOneBlock,
                cond=0,
                cond_shape=(condition,),
                subnet_constructor=_perceptron,
                affine_clamping=clamp,
                global_affine_type="SOFTPLUS",
            )

    def forward(self, x: Tensor, condition: Tensor) -> tuple[Tensor, Tensor]:
        """From (N, C) and (N, D) to the latent (N, C) and the log-determinant (N,)."""
        z, log_determinant = super().forward(x, [condition])
        return z, log_determinant

    def inverse(self, z: Tensor, condition: Tensor) -> Tensor:
        """The (N, C) that `forward` maps to the latent `z`."""
        return super().forward(z, [condition], rev=True)[0]


def build_flows(
    widths: Sequence[int],
    condition: int,
    blocks: int,
    clamp: float = 1.9,
    permutation: Literal["soft", "hard"] = "soft",
    generator: torch.Generator | None = None,
) -> nn.ModuleList:
    """One untrained `ConditionalFlow` for each feature level.

    Args:
        widths: channels of the levels.
        condition: length of the condition.
        blocks: number of blocks of each flow.
        clamp: largest logarithm of a coupling's scale.
        permutation: after each coupling, `soft`, a rotation drawn uniformly, or `hard`, a permutation.
        generator: draws everything, block by block; None = torch's global one.
    """
    with seeded(0):  # FrEIA and torch draw from global generators; redrawn below
        flows = nn.ModuleList(ConditionalFlow(width, condition, blocks, clamp) for width in widths)
    for block in _blocks(flows):
        channels = block.in_channels
        soft = permutation == "soft"
        _set_permutation(block, random_rotation(channels, generator) if soft else _random_permutation(channels, generator))
        for layer in block.subnet:
            if isinstance(layer, nn.Linear):
                # As in nn.Linear.
                nn.init.kaiming_uniform_(layer.weight, a=math.sqrt(5), generator=generator)
                bound = 1 / math.sqrt(layer.in_features)
                nn.init.uniform_(layer.bias, -bound, bound, generator=generator)
    return flows


def rotate(flows: nn.ModuleList, generator: torch.Generator | None = None) -> None:
    """Put a new random rotation after every coupling.

    Args:
        flows: from `build_flows`; changed in place.
        generator: draws the rotations, block by block; None = torch's global one.
    """
    for block in _blocks(flows):
        _set_permutation(block, random_rotation(block.in_channels, generator))


def random_rotation(channels: int, generator: torch.Generator | None = None) -> Tensor:
    """(channels, channels) float32, uniform over the rotations: orthogonal, determinant 1.

    The orthogonal factor of a Gaussian matrix. FrEIA draws from the same distribution, but takes minutes above 512
    channels.

    Args:
        channels: side of the matrix.
        generator: None = torch's global one.
    """
    basis, triangle = torch.linalg.qr(torch.randn(channels, channels, generator=generator, dtype=torch.float64))
    basis = basis * triangle.diagonal().sign()
    if torch.linalg.det(basis) < 0:
        basis[:, 0] *= -1
    return basis.float()


def position_encoding(channels: int, height: int, width: int) -> Tensor:
    """Sines and cosines of column and row at falling frequencies, the usual condition of a flow.

    Args:
        channels: a multiple of 4.
        height: rows.
        width: columns.

    Returns:
        (channels, height, width) float32; the first half encodes the column, the second the row, sine and cosine in turns.
    """
    half = channels // 2
    frequencies = torch.exp(torch.arange(0.0, half, 2) * -(math.log(10000) / half))

    def encoded(count: int) -> Tensor:
        angles = torch.arange(0.0, count)[None] * frequencies[:, None]
        return torch.stack([angles.sin(), angles.cos()], dim=1).flatten(0, 1)

    columns = encoded(width)[:, None, :].expand(-1, height, -1)
    rows = encoded(height)[:, :, None].expand(-1, -1, width)
    return torch.cat([columns, rows])


def log_likelihood(z: Tensor, log_determinant: Tensor) -> Tensor:
    """Logarithm of the density of a vector under a flow, divided by its number of channels.

    Args:
        z: (N, C) latents, distributed as N(0, 1).
        log_determinant: (N,) of the flow's Jacobian.

    Returns:
        (N,), any range, higher = more normal.
    """
    channels = z.shape[1]
    constant = -channels * math.log(math.sqrt(2 * math.pi))
    return (constant - 0.5 * z.square().sum(dim=1) + log_determinant) / channels


def _perceptron(inputs: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(nn.Linear(inputs, 2 * inputs), nn.ReLU(), nn.Linear(2 * inputs, outputs))


def _blocks(flows: nn.ModuleList) -> list[AllInOneBlock]:
    return [block for flow in flows for block in flow]


def _set_permutation(block: AllInOneBlock, matrix: Tensor) -> None:
    block.w_perm.data = matrix
    block.w_perm_inv.data = matrix.T.contiguous()


def _random_permutation(channels: int, generator: torch.Generator | None) -> Tensor:
    return torch.eye(channels)[torch.randperm(channels, generator=generator)]
