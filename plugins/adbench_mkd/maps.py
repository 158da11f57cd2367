"""Anomaly maps: the gradient of the anomaly score with respect to the image, made grey, scaled and smoothed."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
import torch
from scipy.ndimage import gaussian_filter
from torch import Tensor

from adbench_mkd.losses import discrepancy
from adbench_mkd.network import Vgg

PERCENTILE = 0.99
NOISE = 0.05
TRUNCATE = 4.0


@dataclass(frozen=True)
class Pair:
    """A frozen source and its trained cloner, both in evaluation mode.

    Attributes:
        value_weight: weight of the squared differences.
        skipped: number of shallow levels left out of the score.
    """

    source: Vgg
    cloner: Vgg
    value_weight: float
    skipped: int = 1

    def scores(self, images: Tensor, guided: bool = False) -> Tensor:
        """(B,) anomaly scores of (B, 3, H, W); `guided` changes only gradients, and only the cloner's."""
        source, clone = self.source(images), self.cloner(images, guided)
        return discrepancy(source[self.skipped :], clone[self.skipped :], self.value_weight)

    def saliency(self, images: Tensor, guided: bool = False) -> tuple[Tensor, Tensor]:
        """Scores (B,) and their gradients (B, 3, H, W) with respect to the images, through both networks.

        Works under `torch.no_grad()`.
        """
        with torch.enable_grad():
            pixels = images.detach().requires_grad_()
            scores = self.scores(pixels, guided)
            (gradients,) = torch.autograd.grad(scores.sum(), pixels)
        return scores.detach(), gradients


def grey(gradients: Tensor) -> Tensor:
    """(B, 3, H, W) to (B, H, W) in [0, 1]: the sum of absolute values over channels, from its least to its 99th percentile.

    All zero where the two are the same.
    """
    summed = magnitude(gradients).flatten(1)
    top = torch.quantile(summed, PERCENTILE, dim=1, keepdim=True)
    return _stretched(summed, summed.amin(dim=1, keepdim=True), top).reshape(gradients[:, 0].shape)


def magnitude(gradients: Tensor) -> Tensor:
    """(B, 3, H, W) to (B, H, W): the sum of absolute values over channels."""
    return gradients.abs().sum(dim=1)


def min_max(maps: Tensor) -> Tensor:
    """(B, H, W) to the same in [0, 1], each map by itself; all zero where a map is flat."""
    flat = maps.flatten(1)
    return _stretched(flat, flat.amin(dim=1, keepdim=True), flat.amax(dim=1, keepdim=True)).reshape(maps.shape)


def smooth(maps: Tensor, sigma: float, times: int = 1) -> Tensor:
    """Gaussian filter over (B, H, W), `sigma` in pixels, cut off at four of them, edges mirrored with the edge pixel."""
    if not sigma:
        return maps
    filtered = maps.cpu().numpy()
    for _ in range(times):
        filtered = gaussian_filter(filtered, (0, sigma, sigma), mode="reflect", truncate=TRUNCATE)
    return torch.from_numpy(np.ascontiguousarray(filtered)).to(maps.device)


def noise_deviation(images: Tensor) -> Tensor:
    """(B,) float64: the standard deviation of SmoothGrad's noise, (0.05 / (max - min))^2 as in the release; 0 for flat images."""
    flat = images.flatten(1)
    span = (flat.amax(dim=1) - flat.amin(dim=1)).double()
    return torch.where(span > 0, NOISE / span, 0.0).square()


def noisy_mean(pair: Pair, images: Tensor, noise: Iterable[Tensor], reduce: Callable[[Tensor], Tensor]) -> Tensor:
    """(B, H, W): the mean of reduced gradients over noisy copies of the images (SmoothGrad, arXiv 1706.03825).

    Args:
        noise: draws, each to be added to all images, (B, 3, H, W).
        reduce: `grey` (release) or `magnitude`.
    """
    maps = [reduce(pair.saliency(images + draw)[1]) for draw in noise]
    return torch.stack(maps).mean(dim=0)


def _stretched(flat: Tensor, low: Tensor, high: Tensor) -> Tensor:
    span = high - low
    return torch.where(span > 0, (flat - low) / span, 0.0).clamp(0, 1)
