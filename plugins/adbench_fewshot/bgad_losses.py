"""The losses of BGAD: likelihood, and a push of normals above and of anomalies below explicit boundaries (section 3.3)."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

NORMAL_LIMIT, NORMAL_FACTOR = -0.2, 11.7
ABNORMAL_LIMIT, ABNORMAL_FACTOR = -1.0, 0.53


@dataclass(frozen=True)
class BoundaryOptions:
    """Position of the boundaries.

    Attributes:
        beta: share of normal tokens below the normal boundary.
        tau: distance from the normal down to the abnormal boundary.
        normaliser: divisor of the log-likelihoods, applied first.
        focal: weigh tokens by how hard they are.
    """

    beta: float = 0.01
    tau: float = 0.1
    normaliser: float = 10.0
    focal: bool = True


@dataclass(frozen=True)
class BoundaryLosses:
    """Parts of the loss, () each; the boundaries are constants.

    Attributes:
        likelihood: of the normal tokens.
        normal: of the normal tokens below `normal_boundary`.
        abnormal: of the abnormal tokens above `abnormal_boundary`; 0 if there is none; the release has NaN with
        a gradient of 0.
        empty: whether there is none.
    """

    likelihood: Tensor
    normal: Tensor
    abnormal: Tensor
    normal_boundary: Tensor
    abnormal_boundary: Tensor
    empty: bool

    def total(self) -> Tensor:
        """The sum, ()."""
        return self.likelihood + self.normal + self.abnormal


def likelihood_loss(log_likelihood: Tensor, weights: Tensor | None = None) -> Tensor:
    """Mean of w log(1 + exp(-logp)) over tokens, (N,) to ()."""
    losses = F.softplus(-log_likelihood)
    return (losses if weights is None else weights * losses).mean()


def focal_weights(scaled: Tensor, abnormal: Tensor) -> Tensor:
    """Constant weights (N,) that emphasise normal tokens of low and abnormal tokens of high likelihood.

    Args:
        scaled: (N,) log-likelihoods over the normaliser.
        abnormal: (N,) bool.
    """
    scaled = scaled.detach()
    density, size = scaled.exp(), scaled.abs()
    # Outside its range a branch may be NaN; `where` drops it, and nothing is differentiated.
    hard_normal = NORMAL_FACTOR * (1 - density).sqrt() * size
    hard_abnormal = ABNORMAL_FACTOR * (1 + density).square() / size
    of_normal = torch.where(scaled > NORMAL_LIMIT, torch.ones_like(size), hard_normal)
    of_abnormal = torch.where(scaled <= ABNORMAL_LIMIT, torch.ones_like(size), hard_abnormal)
    return torch.where(abnormal, of_abnormal, of_normal)


def boundary_rank(count: int, beta: float) -> int:
    """Index, from 0, of the boundary among `count` ascending normal values."""
    return int(count * beta)


def boundary_losses(log_likelihood: Tensor, abnormal: Tensor, options: BoundaryOptions) -> BoundaryLosses:
    """All losses of a step with normal and abnormal tokens.

    Args:
        log_likelihood: (N,) per channel.
        abnormal: (N,) bool, some True and some False.
    """
    scaled = log_likelihood / options.normaliser
    weights = focal_weights(scaled, abnormal) if options.focal else torch.ones_like(scaled)
    normal = ~abnormal
    ordered = scaled.detach()[normal].sort().values
    upper = ordered[boundary_rank(len(ordered), options.beta)]
    lower = upper - options.tau
    low = normal & (scaled <= upper)
    high = abnormal & (scaled >= lower)
    empty = not bool(high.any())
    return BoundaryLosses(
        likelihood=likelihood_loss(log_likelihood[normal], weights[normal]),
        normal=(weights[low] * (upper - scaled[low])).mean(),
        abnormal=scaled.new_zeros(()) if empty else (weights[high] * (scaled[high] - lower)).mean(),
        normal_boundary=upper,
        abnormal_boundary=lower,
        empty=empty,
    )
