"""The conditional flows of CFlow-AD: built, trained and asked for likelihoods."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from adbench_anomalib.models import AllInOneBlock, cflow_head, get_logp, positional_encoding_2d
from adbench_anomalib.parameters import CflowParameters

# Vectors that go through a flow at once when nothing is learnt: bounds memory, changes no number.
VECTORS_AT_ONCE = 8192
# Of the paper's cosine schedule: the share of the learning rate that is left at the end, and with which the warm-up begins.
LAST_SHARE = 0.001
FIRST_SHARE = 0.1
WARM_META_EPOCHS = 2


def build_flows(widths: Sequence[int], parameters: CflowParameters) -> nn.ModuleList:
    """One untrained flow of anomalib's a level, drawn from torch's global generator.

    A soft permutation is a rotation drawn uniformly: the orthogonal factor of a Gaussian matrix. anomalib draws the same
    distribution in a way that takes minutes above 512 channels.
    """
    flows = nn.ModuleList(
        cflow_head(parameters.position_channels, parameters.blocks, parameters.clamp, width, permute_soft=False)
        for width in widths
    )
    if parameters.permutation == "soft":
        for module in flows.modules():
            if isinstance(module, AllInOneBlock):
                rotation = random_rotation(len(module.w_perm))
                module.w_perm.data = rotation
                module.w_perm_inv.data = rotation.T.contiguous()
    return flows


def random_rotation(channels: int) -> Tensor:
    """(channels, channels) float32, uniform over the rotations: orthogonal, determinant 1."""
    basis, triangle = torch.linalg.qr(torch.randn(channels, channels, dtype=torch.float64))
    basis = basis * triangle.diagonal().sign()
    if torch.linalg.det(basis) < 0:
        basis[:, 0] *= -1
    return basis.float()


def train_batch(
    flows: nn.ModuleList, features: Sequence[Tensor], adam: torch.optim.Adam, fibre: int, generator: torch.Generator
) -> None:
    """Train each level's flow on its vectors in a random order, one step for every `fibre` of them.

    What is left over joins the last step. Minimises -log sigmoid(log-likelihood / channels).

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
        found: (B, h, w) a level.
        maxima: one a level; where none is exceeded, each level adds a number in (0, 1].

    Returns:
        (B, size, size), higher = more normal.
    """
    levels = [(level - maximum).exp() for level, maximum in zip(found, maxima, strict=True)]
    enlarged = [F.interpolate(level[:, None], size=(size, size), mode="bilinear", align_corners=True)[:, 0] for level in levels]
    return torch.stack(enlarged).sum(dim=0)


def learning_rate(parameters: CflowParameters, progress: float) -> float:
    """The learning rate after so many meta-epochs: a linear warm-up over two, then a cosine a meta-epoch at a time.

    Args:
        progress: meta-epochs done, with the fraction of the one under way.
    """
    if parameters.schedule == "constant":
        return parameters.lr

    def cosine(epoch: float) -> float:
        last = parameters.lr * LAST_SHARE
        return last + (parameters.lr - last) * (1 + math.cos(math.pi * epoch / parameters.meta_epochs)) / 2

    if progress >= WARM_META_EPOCHS:
        return cosine(math.floor(progress))
    first, target = parameters.lr * FIRST_SHARE, cosine(min(WARM_META_EPOCHS, parameters.meta_epochs))
    return first + progress / WARM_META_EPOCHS * (target - first)


def _rows(feature: Tensor, flow: nn.Module) -> tuple[Tensor, Tensor]:
    batch, channels, height, width = feature.shape
    conditions = next(module.condition_channels for module in flow.modules() if isinstance(module, AllInOneBlock))
    positions = positional_encoding_2d(conditions, height, width).to(feature.device)
    vectors = feature.permute(0, 2, 3, 1).reshape(-1, channels)
    return vectors, positions.permute(1, 2, 0).reshape(-1, conditions).repeat(batch, 1)


def _likelihood(flow: nn.Module, vectors: Tensor, positions: Tensor) -> Tensor:
    channels = vectors.shape[1]
    return get_logp(channels, *flow(vectors, [positions])) / channels
