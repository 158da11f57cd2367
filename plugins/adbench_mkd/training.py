"""Distillation: the cloner learns to give the feature maps of the source on normal images."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import torch
from torch import Tensor

from adbench_mkd.losses import discrepancy
from adbench_mkd.network import Vgg


def training_loss(source: Vgg, cloner: Vgg, images: Tensor, value_weight: float, levels: int = 4) -> Tensor:
    """(), differentiable with respect to the cloner: the mean discrepancy of (B, 3, H, W) on the deepest `levels` poolings."""
    with torch.no_grad():
        wanted = source(images)[-levels:]
    return discrepancy(wanted, cloner(images)[-levels:], value_weight).mean()


def train(
    source: Vgg, cloner: Vgg, batches: Iterable[Tensor], lr: float, value_weight: float, levels: int = 4
) -> Iterator[Tensor]:
    """One step of Adam per batch, in training mode; yields the loss before each step, ()."""
    optimizer = torch.optim.Adam(cloner.parameters(), lr=lr)
    cloner.train()
    for images in batches:
        with torch.enable_grad():
            loss = training_loss(source, cloner, images, value_weight, levels)
            optimizer.zero_grad()
            loss.backward()
        optimizer.step()
        yield loss.detach()
