"""DRA's network: a shared trunk at several image sizes and four scoring heads (Ding et al., CVPR 2022, section 3)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

HEADS = ("holistic", "seen", "pseudo", "composite")
HIDDEN = 256
NORMAL, SEEN, PSEUDO = 0, 1, 2


@dataclass(frozen=True)
class Outputs:
    """Output of the heads for B images at one size.

    Attributes:
        scores: head to (n,); n = B, in training only the images that the head learns from.
        responses: `seen`, `pseudo`, `composite` to (n, h, w); the largest responses make the score.
    """

    scores: dict[str, Tensor]
    responses: dict[str, Tensor]


class HolisticHead(nn.Module):
    """One number from the mean over positions."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.fc1 = nn.Linear(width, HIDDEN)
        self.fc2 = nn.Linear(HIDDEN, 1)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, h, w) to (B,), at least 0."""
        return self.fc2(F.relu(self.fc1(x.mean(dim=(2, 3))))).abs()[:, 0]


class PlainHead(nn.Module):
    """A response at every position."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.scoring = nn.Conv2d(width, 1, 1)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, h, w) to (B, h, w), at least 0."""
        return self.scoring(x).abs()[:, 0]


class CompositeHead(PlainHead):
    """A response at every position to the difference from the mean reference."""

    def __init__(self, width: int) -> None:
        super().__init__(width)
        self.conv = nn.Sequential(nn.Conv2d(width, width, 3, padding=1), nn.BatchNorm2d(width))

    def forward(self, difference: Tensor) -> Tensor:
        """(B, C, h, w), mean reference minus image, to (B, h, w), at least 0."""
        return super().forward(F.relu(self.conv(difference)))


def top_mean(responses: Tensor, share: float) -> Tensor:
    """Mean of the largest responses, (B, h, w) to (B,): int(positions * share) of them, at least one."""
    flat = responses.flatten(1)
    return flat.topk(max(int(flat.shape[1] * share), 1), dim=1).values.mean(dim=1)


class DraNetwork(nn.Module):
    """Trunk and heads, in the key names of the release.

    Args:
        trunk: images (B, 3, H, W) to feature maps (B, width, h, w).
        width: channels of the feature maps.
        top_share: share of the positions that count for a score.
        scales: number of sizes at which an image is processed.
    """

    def __init__(self, trunk: nn.Module, width: int, top_share: float, scales: int) -> None:
        super().__init__()
        self.feature_extractor = nn.ModuleDict({"net": trunk})
        self.holistic_head = HolisticHead(width)
        self.seen_head = PlainHead(width)
        self.pseudo_head = PlainHead(width)
        self.composite_head = CompositeHead(width)
        self.top_share = top_share
        self.scales = scales

    def initialise_heads(self, generator: torch.Generator) -> None:
        """Draw new weights of the heads, uniform in +-1 / sqrt(inputs)."""
        for head in (self.holistic_head, self.seen_head, self.pseudo_head, self.composite_head):
            for layer in head.modules():
                if isinstance(layer, nn.Linear | nn.Conv2d):
                    bound = 1 / math.sqrt(layer.weight[0].numel())
                    nn.init.uniform_(layer.weight, -bound, bound, generator=generator)
                    if layer.bias is not None:
                        nn.init.uniform_(layer.bias, -bound, bound, generator=generator)

    def features(self, images: Tensor) -> list[Tensor]:
        """(B, 3, S, S) to one (B, width, h, w) per scale; each scale passes the trunk, and its batch norm, separately."""
        sides = [images.shape[-1] // 2**scale for scale in range(self.scales)]
        return [self.feature_extractor["net"](F.interpolate(images, size=(side, side), mode="nearest")) for side in sides]

    def outputs(self, x: Tensor, references: Tensor, labels: Tensor | None = None) -> Outputs:
        """All heads on the feature maps of one scale.

        Args:
            x: (B, C, h, w) feature maps of the images.
            references: (R, C, h, w) feature maps of the references.
            labels: (B,) 0 = normal, 1 = anomaly, 2 = pseudo anomaly: the seen head then gets no pseudo anomalies, the
                pseudo head no anomalies. None = every head gets every image, as in testing.
        """
        responses = {
            "seen": self.seen_head(x if labels is None else x[labels != PSEUDO]),
            "pseudo": self.pseudo_head(x if labels is None else x[labels != SEEN]),
            "composite": self.composite_head(references.mean(dim=0, keepdim=True) - x),
        }
        scores = {head: top_mean(response, self.top_share) for head, response in responses.items()}
        return Outputs({"holistic": self.holistic_head(x), **scores}, responses)


def mean_scores(outputs: list[Outputs]) -> dict[str, Tensor]:
    """Scores averaged over scales, head to (n,)."""
    return {head: torch.stack([scale.scores[head] for scale in outputs]).mean(dim=0) for head in HEADS}


def combined_score(scores: Mapping[str, Tensor]) -> Tensor:
    """(B,), higher = more anomalous. The holistic head is trained to be high on normal images, so it counts negative."""
    return -scores["holistic"] + scores["seen"] + scores["pseudo"] + scores["composite"]


def response_map(outputs: list[Outputs], heads: tuple[str, ...]) -> Tensor:
    """Our own map: these heads' responses, summed, and averaged over scales on the finest grid, (B, h, w)."""
    sums = [torch.stack([scale.responses[head] for head in heads]).sum(dim=0) for scale in outputs]
    size = sums[0].shape[1:]
    finest = [F.interpolate(response[:, None], size=size, mode="bilinear", align_corners=False)[:, 0] for response in sums]
    return torch.stack(finest).mean(dim=0)
