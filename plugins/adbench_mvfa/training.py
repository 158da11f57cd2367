"""The training loop: two Adams, any batch size, and pauses to evaluate the model."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor

from adbench_mvfa.adapters import Adapters
from adbench_mvfa.losses import detection_bce
from adbench_mvfa.network import adapt
from adbench_mvfa.scoring import detection_scores
from adbench_nets import Batch, Examples, Order, Tower, dice_loss, focal_loss, patch_logits, probability_maps

BETAS = (0.5, 0.999)


@dataclass(frozen=True)
class Loss:
    """Options of the loss.

    Attributes:
        size: (height, width) at which maps meet masks.
        bce, pooling: see `MvfaParameters`.
    """

    size: tuple[int, int]
    bce: Literal["logits", "probability"] = "logits"
    pooling: Literal["mean", "max"] = "mean"


@dataclass(frozen=True)
class LevelLosses:
    """Losses by image and level, (B, K) each; focal and dice are zero for images without a mask."""

    bce: Tensor
    focal: Tensor
    dice: Tensor

    def total(self) -> Tensor:
        """(B,), summed over levels and kinds."""
        return (self.bce + self.focal + self.dice).sum(dim=1)


def level_losses(seg: list[Tensor], det: list[Tensor], batch: Batch, grid: tuple[int, int], loss: Loss) -> LevelLosses:
    """All losses of a batch.

    Args:
        seg, det: K tensors (B, L + 1, E) of the two heads.
        grid: patches (rows, columns).
    """
    scores = detection_scores(patch_logits(det, batch.text), loss.pooling)
    bce = detection_bce(scores, batch.labels[:, None].expand_as(scores), loss.bce)
    focal, dice = torch.zeros_like(bce), torch.zeros_like(bce)
    rows = batch.masked.nonzero()[:, 0]
    if len(rows):
        logits = patch_logits([level[rows] for level in seg], batch.text[rows])
        abnormal = probability_maps(logits, grid, loss.size)
        masks = batch.masks[rows, None].expand_as(abnormal)
        focal = focal.index_copy(0, rows, focal_loss(abnormal, masks))
        dice = dice.index_copy(0, rows, dice_loss(abnormal, masks))
    return LevelLosses(bce, focal, dice)


class Trainer:
    """Adapters, their optimisers and everything a step needs.

    One Adam per head. If no image of a step has a mask, only the detection head's steps, and the other head keeps its
    weights and moments. A single head has one Adam that always steps.
    """

    def __init__(
        self,
        tower: Tower,
        adapters: Adapters,
        lr: float,
        loss: Loss,
        autocast: Callable[[], Any] = lambda: torch.autocast("cpu", enabled=False),
        scale_gradients: bool = False,
    ) -> None:
        self.tower = tower
        self.adapters = adapters
        self.loss = loss
        self.autocast = autocast
        self.det = torch.optim.Adam(adapters.weights("det"), lr=lr, betas=BETAS)
        self.seg = self.det if adapters.single else torch.optim.Adam(adapters.weights("seg"), lr=lr, betas=BETAS)
        self.scaler = torch.amp.GradScaler(tower.device.type, enabled=scale_gradients)

    def losses(self, batch: Batch) -> LevelLosses:
        """Losses of a batch with the current adapters."""
        with self.autocast():
            tokens = adapt(self.tower, self.adapters, batch.frozen)
        return level_losses(tokens.seg, tokens.det, batch, self.tower.grid, self.loss)

    def backward(self, batch: Batch) -> Tensor:
        """Leave the gradient of the mean of the images' losses in the adapters; return that mean, ()."""
        self.adapters.zero_grad(set_to_none=True)
        with torch.enable_grad():
            loss = self.losses(batch).total().mean()
            self.scaler.scale(loss).backward()
        return loss.detach()

    def step(self, batch: Batch) -> Tensor:
        """One step of the optimisers; return the mean loss before it, ()."""
        loss = self.backward(batch)
        optimisers = [self.det] if self.seg is self.det or not bool(batch.masked.any()) else [self.seg, self.det]
        for optimiser in optimisers:
            self.scaler.step(optimiser)
        self.scaler.update()
        return loss


def train(
    trainer: Trainer,
    examples: Examples,
    orders: Iterable[Order],
    looks: Literal["after-epoch", "within-epoch"],
    losses: list[Tensor] | None = None,
) -> Iterator[None]:
    """Train, and pause at each checkpoint.

    Args:
        orders: for each epoch, the images of each step.
        looks: `after-epoch`, as the release does few-shot; or `within-epoch`, before the steps whose index is a
            multiple of a fifth of the epoch's steps, as it does zero-shot.
        losses: receives the loss of each step, before the step.
    """
    for order in orders:
        fifth = max(1, len(order) // 5)
        for number, indices in enumerate(order):
            if looks == "within-epoch" and number % fifth == 0:
                yield
            loss = trainer.step(examples.fetch(indices))
            if losses is not None:
                losses.append(loss)
        if looks == "after-epoch":
            yield
