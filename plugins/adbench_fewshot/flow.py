"""A conditional normalising flow over feature vectors, and the position encoding that conditions it.

The blocks are those of CFlow-AD (Gudovskiy et al., WACV 2022): an affine coupling that reads a condition, a learnt
scale and offset of every channel, and a fixed rotation.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

CONDITIONING = 0.1
BETA = 0.5


def position_encoding(channels: int, height: int, width: int) -> Tensor:
    """Sines and cosines of column and row at falling frequencies.

    Args:
        channels: a multiple of 4.

    Returns:
        (channels, height, width) float32; the first half encodes the column, the second the row, sine and cosine in turns.
    """
    half = channels // 2
    frequencies = 10000 ** (-torch.arange(0, half, 2, dtype=torch.float64) / half)

    def encoded(count: int) -> Tensor:
        angles = torch.arange(count)[None] * frequencies[:, None]
        return torch.stack([angles.sin(), angles.cos()], dim=1).flatten(0, 1)

    columns = encoded(width)[:, None, :].expand(-1, height, -1)
    rows = encoded(height)[:, :, None].expand(-1, -1, width)
    return torch.cat([columns, rows]).float()


class CouplingBlock(nn.Module):
    """One block: affine coupling, channel-wise scale and offset, rotation.

    Args:
        channels: of the vectors; the first ceil(channels / 2) steer the others.
        condition: length of the condition.
        clamp: largest logarithm of the coupling's scale.
        generator: draws rotation and weights.
    """

    w_perm: Tensor
    w_perm_inv: Tensor

    def __init__(self, channels: int, condition: int, clamp: float, generator: torch.Generator | None) -> None:
        super().__init__()
        self.clamp = clamp
        self.steering = (channels + 1) // 2
        inputs = self.steering + condition
        steered = channels - self.steering
        self.subnet = nn.Sequential(nn.Linear(inputs, 2 * inputs), nn.ReLU(), nn.Linear(2 * inputs, 2 * steered))
        # The scale starts at 1: softplus maps this number there.
        self.global_scale = nn.Parameter(torch.full((1, channels), math.log(math.expm1(BETA / CONDITIONING)) / BETA))
        self.global_offset = nn.Parameter(torch.zeros(1, channels))
        rotation = random_rotation(channels, generator)
        self.register_buffer("w_perm", rotation)
        self.register_buffer("w_perm_inv", rotation.T.contiguous())
        for layer in self.subnet:
            if isinstance(layer, nn.Linear):
                bound = 1 / math.sqrt(layer.in_features)
                nn.init.uniform_(layer.weight, -bound, bound, generator=generator)
                nn.init.uniform_(layer.bias, -bound, bound, generator=generator)

    def forward(self, x: Tensor, condition: Tensor) -> tuple[Tensor, Tensor]:
        """(N, C) and (N, D) to the transformed (N, C) and the log-determinant (N,)."""
        steering, steered = x.split([self.steering, x.shape[1] - self.steering], dim=1)
        log_scale, shift = self._coupling(steering, condition)
        coupled = torch.cat([steering, steered * log_scale.exp() + shift], dim=1)
        scale = self._scale()
        return (coupled * scale + self.global_offset) @ self.w_perm.T, log_scale.sum(dim=1) + scale.log().sum()

    def inverse(self, y: Tensor, condition: Tensor) -> Tensor:
        """The (N, C) that `forward` takes to `y`."""
        coupled = (y @ self.w_perm_inv.T - self.global_offset) / self._scale()
        steering, steered = coupled.split([self.steering, y.shape[1] - self.steering], dim=1)
        log_scale, shift = self._coupling(steering, condition)
        return torch.cat([steering, (steered - shift) * (-log_scale).exp()], dim=1)

    def _coupling(self, steering: Tensor, condition: Tensor) -> tuple[Tensor, Tensor]:
        log_scale, shift = (CONDITIONING * self.subnet(torch.cat([steering, condition], dim=1))).chunk(2, dim=1)
        return self.clamp * log_scale.tanh(), shift

    def _scale(self) -> Tensor:
        return CONDITIONING * F.softplus(self.global_scale, beta=BETA)


class ConditionalFlow(nn.Module):
    """Blocks in sequence, in the key names of FrEIA's `SequenceINN` of `AllInOneBlock`.

    Args:
        channels: C, of the vectors; at least 2.
        condition: D, length of the condition.
        blocks: number of blocks.
        clamp: largest logarithm of a coupling's scale.
        generator: draws rotations and weights; None = torch's own.
    """

    def __init__(
        self, channels: int, condition: int, blocks: int, clamp: float = 1.9, generator: torch.Generator | None = None
    ) -> None:
        super().__init__()
        self.module_list = nn.ModuleList(CouplingBlock(channels, condition, clamp, generator) for _ in range(blocks))

    def forward(self, x: Tensor, condition: Tensor) -> tuple[Tensor, Tensor]:
        """(N, C) and (N, D) to the latent (N, C) and the log-determinant (N,)."""
        total = x.new_zeros(len(x))
        for block in self.module_list:
            x, log_determinant = block(x, condition)
            total = total + log_determinant
        return x, total

    def inverse(self, z: Tensor, condition: Tensor) -> Tensor:
        """The (N, C) of a latent."""
        for block in reversed(self.module_list):
            z = block.inverse(z, condition)  # type: ignore[operator]
        return z


def log_likelihood(z: Tensor, log_determinant: Tensor) -> Tensor:
    """Logarithm of the density per channel, (N,), of latents (N, C) under N(0, 1) and their log-determinants (N,)."""
    channels = z.shape[1]
    return (-channels / 2 * math.log(2 * math.pi) - z.square().sum(dim=1) / 2 + log_determinant) / channels


def random_rotation(channels: int, generator: torch.Generator | None) -> Tensor:
    """(C, C), uniform among the rotations (Haar measure, determinant 1)."""
    matrix, triangle = torch.linalg.qr(torch.randn(channels, channels, generator=generator, dtype=torch.float64))
    matrix = matrix * triangle.diagonal().sign()
    if torch.linalg.det(matrix) < 0:
        matrix[:, 0] = -matrix[:, 0]
    return matrix.float()
