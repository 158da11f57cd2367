"""How BGAD's flows learn: tokens of frozen features, the learning rate, and the loop over levels."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from adbench_fewshot.bgad_losses import BoundaryLosses, BoundaryOptions, boundary_losses, focal_weights, likelihood_loss
from adbench_fewshot.parameters import BgadParameters
from adbench_nets import build_flows, log_likelihood, position_encoding, warm_up_cosine

WARM_UP_EPOCHS = 2
# The release counts its two data loaders instead of their batches.
LOADERS = 2


@dataclass(frozen=True)
class Tokens:
    """The patches of some images at one level, in the order image, row, column.

    Attributes:
        features: (N, C).
        positions: (N, D).
        abnormal: (N,) bool.
    """

    features: Tensor
    positions: Tensor
    abnormal: Tensor

    def take(self, rows: Tensor) -> Tokens:
        """The tokens at these rows."""
        return Tokens(self.features[rows], self.positions[rows], self.abnormal[rows])


@dataclass(frozen=True)
class Step:
    """Record of one optimiser step.

    Attributes:
        loss: before the step, ().
        losses: its parts, if boundaries were used.
        gradient: L2 norm over all parameters, ().
    """

    level: int
    lr: float
    abnormal: int
    loss: Tensor
    losses: BoundaryLosses | None
    gradient: Tensor


def tokens_of(features: Tensor, position_channels: int, masks: Tensor | None = None) -> Tokens:
    """Tokens of feature maps (B, C, h, w); `masks` (B, S, S) bool are reduced to the grid, None = all normal."""
    images, _, height, width = features.shape
    positions = position_encoding(position_channels, height, width).to(features).flatten(1).T
    flat = features.flatten(2).transpose(1, 2).flatten(0, 1)
    if masks is None:
        abnormal = torch.zeros(len(flat), dtype=torch.bool, device=features.device)
    else:
        abnormal = grid_masks(masks, height, width).flatten()
    return Tokens(flat, positions.repeat(images, 1), abnormal)


def grid_masks(masks: Tensor, height: int, width: int) -> Tensor:
    """(B, S, S) to (B, height, width): row r is image row floor(r S / height), and likewise for columns."""
    rows = torch.arange(height, device=masks.device) * masks.shape[1] // height
    columns = torch.arange(width, device=masks.device) * masks.shape[2] // width
    return masks[:, rows][:, :, columns]


def learning_rate(epoch: int, sub_epoch: int, batch: int, batches: int, parameters: BgadParameters) -> float:
    """The rate of an image batch, all counted from 0: a linear warm-up to the cosine, then the cosine.

    Args:
        batches: image batches per sub-epoch.
    """
    counted = LOADERS if parameters.warm_up == "release" else batches
    passes = parameters.sub_epochs
    progress = (batch + counted * (sub_epoch + passes * epoch)) / (counted * passes)
    return warm_up_cosine(parameters.lr, parameters.epochs, epoch, progress, min(WARM_UP_EPOCHS, parameters.epochs // 2))


def new_flows(widths: Sequence[int], parameters: BgadParameters, generator: torch.Generator | None = None) -> nn.ModuleList:
    """One untrained flow per level."""
    p = parameters
    return build_flows(widths, p.position_channels, p.blocks, p.clamp, generator=generator)


def token_likelihood(flow: nn.Module, tokens: Tokens) -> Tensor:
    """(N,) log-likelihoods per channel."""
    return log_likelihood(*flow(tokens.features, tokens.positions))


class Trainer:
    """The flows of all levels, and one Adam for all."""

    def __init__(self, flows: nn.ModuleList, parameters: BgadParameters) -> None:
        self.flows = flows
        self.parameters = parameters
        self.options = BoundaryOptions(parameters.beta, parameters.tau, parameters.normaliser, parameters.focal)
        self.adam = torch.optim.Adam(flows.parameters(), lr=parameters.lr)

    def batch(self, levels: Sequence[Tokens], orders: Sequence[Tensor], lr: float, bounded: bool) -> Iterator[Step]:
        """Train on the tokens of an image batch, level after level, step after step.

        Args:
            levels: tokens of each level.
            orders: for each level, the order in which its tokens are split into steps.
            bounded: use boundaries if a step has abnormal tokens; else the likelihood alone.
        """
        for group in self.adam.param_groups:
            group["lr"] = lr
        for level, (tokens, order) in enumerate(zip(levels, orders, strict=True)):
            for rows in self._cut(order):
                step = self._step(level, tokens.take(rows), lr, bounded)
                if step is not None:
                    yield step

    def backward(self, level: int, tokens: Tokens, bounded: bool) -> tuple[Tensor, BoundaryLosses | None] | None:
        """Leave the loss's gradient in the flows (idle levels get none, or zeros); None = nothing to learn."""
        if tokens.abnormal.all():
            return None
        self.adam.zero_grad(set_to_none=self.parameters.zero_grad == "none")
        with torch.enable_grad():
            likelihood = token_likelihood(self.flows[level], tokens)
            losses = boundary_losses(likelihood, tokens.abnormal, self.options) if bounded and tokens.abnormal.any() else None
            loss = likelihood_loss(likelihood, self._weights(likelihood, tokens, bounded)) if losses is None else losses.total()
            loss.backward()
        return loss.detach(), losses

    def _step(self, level: int, tokens: Tokens, lr: float, bounded: bool) -> Step | None:
        result = self.backward(level, tokens, bounded)
        if result is None:
            return None
        gradients = [weight.grad for weight in self.flows.parameters() if weight.grad is not None]
        norm = torch.linalg.vector_norm(torch.stack([torch.linalg.vector_norm(gradient) for gradient in gradients]))
        self.adam.step()
        return Step(level, lr, int(tokens.abnormal.sum()), *result, norm)

    def _weights(self, likelihood: Tensor, tokens: Tokens, bounded: bool) -> Tensor | None:
        if not (bounded and self.options.focal):
            return None
        return focal_weights(likelihood / self.options.normaliser, tokens.abnormal)

    def _cut(self, order: Tensor) -> Sequence[Tensor]:
        size = self.parameters.token_batch
        if self.parameters.remainder == "drop":
            return order[: len(order) // size * size].split(size)
        return order.tensor_split(math.ceil(len(order) / size))
