"""A bottleneck and a decoder for reverse distillation whose widths follow any backbone.

anomalib's and the authors' exist only for the widths of ResNets. These keep the paper's plan (section 3.2 and
3.3: levels fused at the deepest one's size, embedded at half of it, then decoded level by level) with one residual
block per level.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torchvision.models.resnet import BasicBlock

from adbench_anomalib.models import DecoderBasicBlock


class Fusion(nn.Module):
    """Multi-scale fusion and one-class embedding.

    Args:
        widths: channels of the levels, shallow to deep.
        halvings: for each level, how often its side is halved to reach that of the deepest.
    """

    def __init__(self, widths: Sequence[int], halvings: Sequence[int]) -> None:
        super().__init__()
        self.paths = nn.ModuleList(_halve(width, widths[-1], count) for width, count in zip(widths, halvings, strict=True))
        # A level already as small as the deepest is used unchanged.
        fused = sum(widths[-1] if count else width for width, count in zip(widths, halvings, strict=True))
        embedded = 2 * widths[-1]
        shortcut = nn.Sequential(nn.Conv2d(fused, embedded, 1, stride=2, bias=False), nn.BatchNorm2d(embedded))
        self.embedding = BasicBlock(fused, embedded, stride=2, downsample=shortcut)

    def forward(self, features: Sequence[Tensor]) -> Tensor:
        """(B, C, h, w) of every level, shallow to deep, to (B, 2 C_deepest, h_deepest / 2, w_deepest / 2)."""
        fused = [path(feature) for path, feature in zip(self.paths, features, strict=True)]
        return self.embedding(torch.cat(fused, dim=1))


class Unfolding(nn.Module):
    """The decoder: doubles the side of the embedding until each level is restored.

    Args:
        widths, halvings: as for `Fusion`.
    """

    def __init__(self, widths: Sequence[int], halvings: Sequence[int]) -> None:
        super().__init__()
        self.stages = nn.ModuleList()
        channels, side = 2 * widths[-1], -1
        for width, halving in zip(reversed(widths), reversed(halvings), strict=True):
            self.stages.append(_double(channels, width, halving - side))
            channels, side = width, halving

    def forward(self, embedding: Tensor) -> list[Tensor]:
        """From an embedding to the features of every level, shallow to deep."""
        features = []
        for stage in self.stages:
            embedding = stage(embedding)
            features.append(embedding)
        return features[::-1]


def _halve(width: int, out: int, count: int) -> nn.Sequential:
    layers: list[nn.Module] = []
    for _ in range(count):
        layers += [nn.Conv2d(width, out, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(out), nn.ReLU(inplace=True)]
        width = out
    return nn.Sequential(*layers)


def _double(width: int, out: int, count: int) -> nn.Sequential:
    if not count:
        shortcut = nn.Sequential(nn.Conv2d(width, out, 1, bias=False), nn.BatchNorm2d(out))
        return nn.Sequential(BasicBlock(width, out, downsample=shortcut))
    layers: list[nn.Module] = []
    for _ in range(count):
        shortcut = nn.Sequential(nn.ConvTranspose2d(width, out, 2, stride=2, bias=False), nn.BatchNorm2d(out))
        layers.append(DecoderBasicBlock(width, out, stride=2, upsample=shortcut))
        width = out
    return nn.Sequential(*layers)
