"""APRIL-GAN's training: focal and dice losses of the maps, and their substitute for sets without masks."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import Tensor

from adbench_clip.april_network import Network
from adbench_nets import Batch, Examples, Order, dice_loss, focal_loss, patch_logits, probability_maps

BETAS = (0.5, 0.999)


@dataclass(frozen=True)
class LevelLosses:
    """Losses by image and level, (B, K) each.

    Attributes:
        focal, dice: of images whose pixel labels are known, zero for others.
        image: of abnormal images without a mask, zero for others.
    """

    focal: Tensor
    dice: Tensor
    image: Tensor

    def total(self) -> Tensor:
        """(B,), summed over levels and kinds."""
        return (self.focal + self.dice + self.image).sum(dim=1)


def level_losses(network: Network, batch: Batch) -> LevelLosses:
    """All losses of a batch with the current layers.

    A normal image has no abnormal pixel, masks or not. For an abnormal one without a mask, the loss is the
    cross entropy of the mean probability of its patches with the label, as in MVFA.
    """
    logits = patch_logits(network.projections(batch.frozen), batch.text)
    focal, dice, image = torch.zeros(3, *logits.shape[:2], device=logits.device).unbind(0)
    known = batch.masked | (batch.labels == 0)
    rows = known.nonzero()[:, 0]
    if len(rows):
        abnormal = probability_maps(logits[rows], network.tower.grid, network.size)
        masks = batch.masks[rows, None].expand_as(abnormal)
        focal = focal.index_copy(0, rows, focal_loss(abnormal, masks))
        dice = dice.index_copy(0, rows, dice_loss(abnormal, masks))
    rows = (~known).nonzero()[:, 0]
    if len(rows):
        mean = logits[rows].softmax(dim=-1)[..., 1].mean(dim=-1)
        image = image.index_copy(0, rows, -mean.clamp(min=torch.finfo(mean.dtype).eps).log())
    return LevelLosses(focal, dice, image)


class Trainer:
    """Adam for the layers, and its steps."""

    def __init__(self, network: Network, lr: float) -> None:
        self.network = network
        self.optimiser = torch.optim.Adam(network.projections.parameters(), lr=lr, betas=BETAS)

    def backward(self, batch: Batch) -> Tensor:
        """Accumulate the gradient of the images' mean loss in the layers; return that mean, ()."""
        self.optimiser.zero_grad()
        with torch.enable_grad():
            loss = level_losses(self.network, batch).total().mean()
            loss.backward()
        return loss.detach()

    def step(self, batch: Batch) -> Tensor:
        """One step; return the mean loss before it, ()."""
        loss = self.backward(batch)
        self.optimiser.step()
        return loss

    def train(self, examples: Examples, orders: Iterable[Order]) -> None:
        """Train to the last step.

        Args:
            orders: for each epoch the images of each step.
        """
        for order in orders:
            for indices in order:
                self.step(examples.fetch(indices))
