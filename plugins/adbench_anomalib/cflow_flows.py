"""The conditional flows of CFlow-AD: building, training and likelihoods."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from adbench_anomalib.parameters import CflowParameters
from adbench_nets import ConditionalFlow, build_flows, log_likelihood, position_encoding, rotate, warm_up_cosine

# Vectors per pass through a flow outside training: bounds memory, changes no result.
VECTORS_AT_ONCE = 8192


def new_flows(widths: Sequence[int], parameters: CflowParameters, generator: torch.Generator) -> nn.ModuleList:
    """One untrained flow per level, drawn as in anomalib; soft permutations are drawn last."""
    p = parameters
    flows = build_flows(widths, p.position_channels, p.blocks, p.clamp, "hard", generator)
    if p.permutation == "soft":
        rotate(flows, generator)
    return flows


def train_batch(
    flows: nn.ModuleList, features: Sequence[Tensor], adam: torch.optim.Adam, fibre: int, generator: torch.Generator
) -> None:
    """Train each level's flow on its vectors in a random order, one step for every `fibre` of them.

    Leftover vectors join the last step. Minimises -log sigmoid(log-likelihood / channels).

    Args:
        features: (B, C, h, w) of each level.
    """
    for flow, feature in zip(flows, features, strict=True):
        vectors, positions = _rows(feature, flow)
        order = torch.randperm(len(vectors), generator=generator).to(vectors.device)
        steps = max(1, len(order) // fibre)
        for rows in order.tensor_split([fibre * step for step in range(1, steps)]):
            adam.zero_grad()
            likelihood = _likelihood(flow, vectors[rows], positions[rows])
            (-F.logsigmoid(likelihood)).mean().backward()
            adam.step()


@torch.no_grad()
def likelihoods(flows: nn.ModuleList, features: Sequence[Tensor]) -> list[Tensor]:
    """(B, h, w) log-likelihoods per channel of each level's (B, C, h, w) features."""
    found = []
    for flow, feature in zip(flows, features, strict=True):
        vectors, positions = _rows(feature, flow)
        parts = [
            _likelihood(flow, *part)
            for part in zip(vectors.split(VECTORS_AT_ONCE), positions.split(VECTORS_AT_ONCE), strict=True)
        ]
        found.append(torch.cat(parts).reshape(len(feature), *feature.shape[-2:]))
    return found


def normality(found: Sequence[Tensor], maxima: Sequence[Tensor | float], size: int) -> Tensor:
    """Sum over the levels of exp(likelihood - maximum), each enlarged to the image (equation 8 of the paper, normalised).

    Args:
        found: (B, h, w) per level.
        maxima: one per level; if not exceeded, each level adds a number in (0, 1].

    Returns:
        (B, size, size), higher = more normal.
    """
    levels = [(level - maximum).exp() for level, maximum in zip(found, maxima, strict=True)]
    enlarged = [F.interpolate(level[:, None], size=(size, size), mode="bilinear", align_corners=True)[:, 0] for level in levels]
    return torch.stack(enlarged).sum(dim=0)


def learning_rate(parameters: CflowParameters, progress: float) -> float:
    """The learning rate at this point of training.

    Args:
        progress: meta-epochs done, including the fraction of the current one.
    """
    if parameters.schedule == "constant":
        return parameters.lr
    return warm_up_cosine(parameters.lr, parameters.meta_epochs, math.floor(progress), progress)


def _rows(feature: Tensor, flow: ConditionalFlow) -> tuple[Tensor, Tensor]:
    batch, channels, height, width = feature.shape
    positions = position_encoding(flow.condition, height, width).to(feature.device)
    vectors = feature.permute(0, 2, 3, 1).reshape(-1, channels)
    return vectors, positions.permute(1, 2, 0).reshape(-1, flow.condition).repeat(batch, 1)


def _likelihood(flow: ConditionalFlow, vectors: Tensor, positions: Tensor) -> Tensor:
    return log_likelihood(*flow(vectors, positions))
