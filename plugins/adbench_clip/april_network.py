"""APRIL-GAN's network: a linear layer per level from a frozen tower's patch tokens to the space of the texts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from adbench_nets import (
    Colour,
    Tower,
    level_tokens,
    memory_grids,
    memory_maps,
    patch_logits,
    probability_maps,
    scaled,
    standardised,
    text_probability,
)


class Projections(nn.Module):
    """One Linear W -> E per level, in float32; the names of the weights are the release's: `fc.0.weight`, `fc.0.bias`."""

    def __init__(self, width: int, embed_dim: int, levels: int, generator: torch.Generator | None = None) -> None:
        super().__init__()
        self.fc = nn.ModuleList(nn.Linear(width, embed_dim) for _ in range(levels))
        bound = width**-0.5
        for weight in self.parameters():
            # nn.Linear's initialisation of weights and biases, from our own generator.
            nn.init.uniform_(weight, -bound, bound, generator=generator)

    def forward(self, tokens: Tensor) -> list[Tensor]:
        """(B, K, L + 1, W) tokens of the levels to K tensors (B, L + 1, E)."""
        return [layer(level) for layer, level in zip(self.fc, tokens.float().unbind(1), strict=True)]


@dataclass(frozen=True)
class Compact:
    """Raw scores of B images before enlarging: a whole test set fits into memory.

    Attributes:
        logits: (B, K, L, 2).
        grids: (B, K, rows, columns) distances to the memory, or None.
        token: (B,) abnormal probability of the class token, which is not trained.
    """

    logits: Tensor
    grids: Tensor | None
    token: Tensor


@dataclass(frozen=True)
class Network:
    """The tower, the trained layers, and the preparation of images.

    Attributes:
        levels: 1-based blocks of the tower, ascending.
        mean, std: subtracted from images in [0, 1], then divided by.
        size: (height, width) of maps.
    """

    tower: Tower
    projections: Projections
    levels: tuple[int, ...]
    mean: Colour
    std: Colour
    size: tuple[int, int]
    autocast: Callable[[], Any]

    @torch.no_grad()
    def freeze(self, images: Tensor) -> Tensor:
        """(B, 3, S, S) images in [0, 1] to the tokens of all levels, (B, K, L + 1, W)."""
        with self.autocast():
            return torch.stack(level_tokens(self.tower, standardised(images, self.mean, self.std), self.levels), dim=1)

    @torch.no_grad()
    def compact(self, tokens: Tensor, text: Tensor, memory: list[Tensor]) -> Compact:
        """Score images given by the tokens of all levels.

        Args:
            text: (E, 2) text features of the class.
            memory: K tensors (M, W) of normal patches as `remember` gives them; empty for the zero-shot track.
        """
        with self.autocast():
            last = self.tower.run(tokens[:, -1], self.levels[-1], self.tower.blocks)[:, :1]
        return Compact(
            logits=patch_logits(self.projections(tokens), text),
            grids=memory_grids(list(tokens.unbind(1)), memory, self.tower.grid) if memory else None,
            token=text_probability(self.tower.joint(last.float())[:, 0], text),
        )

    @torch.no_grad()
    def maps(self, compact: Compact) -> Tensor:
        """(B, H, W): the probabilities of all levels and, with a memory, the distances of all levels, summed."""
        maps = probability_maps(compact.logits, self.tower.grid, self.size).sum(dim=1)
        return maps if compact.grids is None else maps + memory_maps(compact.grids, self.size)


def mean_score(token: Tensor, highest: Tensor, limits: tuple[float, float] | None) -> Tensor:
    """Image scores (B,): the mean of the class token's probability and of the map's maximum, min-maxed by `limits`."""
    return 0.5 * (token + scaled(highest, limits))


def remember(tokens: Tensor) -> list[Tensor]:
    """The patch tokens of N normal images, not projected: (N, K, L + 1, W) to K tensors (N L, W)."""
    return [level[:, 1:].flatten(0, 1).float() for level in tokens.unbind(1)]
