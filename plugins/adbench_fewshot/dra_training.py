"""Training of DRA: the deviation loss, the optimiser step, and its input."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from adbench_fewshot.dra_network import HEADS, NORMAL, PSEUDO, SEEN, DraNetwork, Outputs, mean_scores
from adbench_fewshot.parameters import DraParameters
from adbench_fewshot.pseudo import cut_mix, draw_patch, rotate
from adbench_nets import IMAGENET_MEAN, IMAGENET_STD, to_input

DRAWS = 5000
LARGEST_NORM = 1.0
DECAY = 0.1

Moments = tuple[float, float]


@dataclass(frozen=True)
class Batch:
    """One step's images.

    Attributes:
        images: (B, 3, S, S) float32, as the trunk expects them.
        labels: (B,) int64, 0 = normal, 1 = anomaly, 2 = pseudo anomaly.
        references: (R, 3, S, S) float32.
    """

    images: Tensor
    labels: Tensor
    references: Tensor


def moments(draws: Tensor) -> Moments:
    """Mean and standard deviation (n - 1) of draws from N(0, 1), the reference for scores."""
    exact = draws.double()
    return exact.mean().item(), exact.std().item()


def deviation_loss(scores: Tensor, high: Tensor, reference: Moments, margin: float) -> Tensor:
    """The loss of one head, () (Pang, Shen, van den Hengel, KDD 2019, equation 6; DRA equation 2).

    Args:
        scores: (n,).
        high: (n,) bool, scores to be at least `margin` deviations above the reference; the others should be at it.
        reference: mean and standard deviation of the draws.
    """
    mean, deviation = reference
    distance = (scores - mean) / deviation
    return torch.where(high, (margin - distance).clamp(min=0), distance.abs()).mean()


def head_losses(
    scores: Mapping[str, Tensor], labels: Tensor, references: Mapping[str, Moments], margin: float
) -> dict[str, Tensor]:
    """The loss of every head that has images, head to ().

    The holistic head should be high on normal images, the others on anomalies.
    """
    high = {
        "holistic": labels == NORMAL,
        "seen": labels[labels != PSEUDO] != NORMAL,
        "pseudo": labels[labels != SEEN] != NORMAL,
        "composite": labels != NORMAL,
    }
    return {head: deviation_loss(scores[head], high[head], references[head], margin) for head in HEADS if len(scores[head])}


def learning_rate(epoch: int, lr: float, period: int) -> float:
    """The rate of an epoch counted from 0: divided by ten every `period`, one epoch early, as the release advances first."""
    return lr * DECAY ** ((epoch + 1) // period)


class Trainer:
    """The network and its Adam."""

    def __init__(self, network: DraNetwork, parameters: DraParameters, autocast: Callable[[], Any], scaled: bool = False) -> None:
        self.network = network
        self.margin = parameters.margin
        self.autocast = autocast
        self.adam = torch.optim.Adam(network.parameters(), lr=parameters.lr, weight_decay=parameters.weight_decay)
        self.scaler = torch.amp.GradScaler(next(network.parameters()).device.type, enabled=scaled)

    def outputs(self, batch: Batch) -> list[Outputs]:
        """All heads at each scale; references and images go through the batch norm together."""
        count = len(batch.references)
        with self.autocast():
            features = self.network.features(torch.cat([batch.references, batch.images]))
        return [self.network.outputs(level.float()[count:], level.float()[:count], batch.labels) for level in features]

    def backward(self, batch: Batch, references: Mapping[str, Moments]) -> dict[str, Tensor]:
        """Leave the gradient of the sum of the heads' losses in the network; return the losses, head to ()."""
        self.network.train()
        self.network.zero_grad(set_to_none=True)
        with torch.enable_grad():
            losses = head_losses(mean_scores(self.outputs(batch)), batch.labels, references, self.margin)
            self.scaler.scale(torch.stack(list(losses.values())).sum()).backward()
        self.scaler.unscale_(self.adam)
        return {head: loss.detach() for head, loss in losses.items()}

    def step(self, batch: Batch, references: Mapping[str, Moments], lr: float) -> tuple[dict[str, Tensor], Tensor]:
        """One step with the gradient clipped to norm 1.

        Returns:
            The losses before the step, head to (); and the norm of the gradient before clipping, ().
        """
        losses = self.backward(batch, references)
        norm = torch.nn.utils.clip_grad_norm_(self.network.parameters(), LARGEST_NORM)
        for group in self.adam.param_groups:
            group["lr"] = lr
        self.scaler.step(self.adam)
        self.scaler.update()
        return losses, norm


@dataclass(frozen=True)
class Sampler:
    """Draws batches from a support.

    Attributes:
        normal, abnormal: (k, 3, S, S) uint8.
    """

    normal: np.ndarray
    abnormal: np.ndarray
    parameters: DraParameters
    device: str

    def batches(self, rng: np.random.Generator) -> Iterator[Batch]:
        """Endless batches: two thirds normal, rounded down; a share of those become pseudo anomalies."""
        size = self.parameters.batch_size
        normals = size * 2 // 3
        normal, abnormal = endless(len(self.normal), rng), endless(len(self.abnormal), rng)
        while True:
            drawn = [self._normal(next(normal), rng) for _ in range(normals)]
            drawn += [(self.abnormal[next(abnormal)], SEEN) for _ in range(size - normals)]
            images = np.stack([self._rotated(image, rng) for image, _ in drawn])
            labels = torch.tensor([label for _, label in drawn], device=self.device)
            yield Batch(trunk_input(images, self.device), labels, self.references(rng))

    def references(self, rng: np.random.Generator) -> Tensor:
        """(R, 3, S, S), as the trunk expects them: the first normals, or, under `random`, drawn and changed as in training."""
        count = self.parameters.references
        if self.parameters.reference_draw == "fixed":
            return trunk_input(self.normal[:count], self.device)
        rows = rng.integers(len(self.normal), size=count)
        return trunk_input(np.stack([self._rotated(self._normal(row, rng)[0], rng) for row in rows]), self.device)

    def _normal(self, row: int, rng: np.random.Generator) -> tuple[np.ndarray, int]:
        if rng.random() >= self.parameters.pseudo_share:
            return self.normal[row], NORMAL
        other = self.normal[rng.integers(len(self.normal))]
        return cut_mix(other, draw_patch(other.shape[-1], rng)), PSEUDO

    def _rotated(self, image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        largest = self.parameters.rotation
        return rotate(image, rng.uniform(-largest, largest)) if largest else image


def trunk_input(pixels: np.ndarray, device: str) -> Tensor:
    """(B, 3, S, S) uint8 to float32 on the device, normalised with ImageNet's statistics."""
    return to_input(pixels, IMAGENET_MEAN, IMAGENET_STD, device)


def endless(count: int, rng: np.random.Generator) -> Iterator[int]:
    """0 .. count - 1 in a random order, again and again, reshuffled each time."""
    while True:
        yield from rng.permutation(count).tolist()


def draw_moments(generator: torch.Generator) -> dict[str, Moments]:
    """New moments for every head."""
    return {head: moments(torch.randn(DRAWS, generator=generator)) for head in HEADS}
