"""The parameters of `mkd`. Defaults are those of BMAD's adaptation; the help gives the original release's choices."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from annotated_types import Ge, Gt, Interval

from adbench import parameter


@dataclass(frozen=True, kw_only=True)
class MkdParameters:
    """All choices; `value_weight = 0` is the paper's direction-only loss."""

    weights: str = parameter("vgg16.tv_in1k", "source network: tiny-vgg, a plain VGG of timm, or a --weights NAME")
    image_size: Annotated[int, Ge(32)] = parameter(224, "image side in pixels; BMAD 224, release 128")
    normalisation: Literal["imagenet", "none"] = parameter(
        "imagenet", "imagenet = subtract ImageNet's mean, divide by its deviation (BMAD); none = pixels in [0, 1] (release)"
    )
    cloner_width: Annotated[int, Ge(1)] = parameter(16, "channels of the cloner where they may differ from the source; paper 16")
    epochs: Annotated[int, Ge(0)] = parameter(
        201, "passes over the training images: BMAD's 200, plus the one that the release trains beyond the given number"
    )
    batch_size: Annotated[int, Ge(1)] = parameter(64, "images per training step; BMAD 64")
    lr: Annotated[float, Gt(0)] = parameter(1e-3, "learning rate of Adam")
    value_weight: Annotated[float, Ge(0)] = parameter(
        0.01, "lambda, the weight of squared differences in loss, score and map; 0 = directions only"
    )
    train_levels: Annotated[int, Interval(ge=1, le=4)] = parameter(4, "how many of the deepest poolings the loss compares")
    score_levels: Annotated[int, Interval(ge=1, le=4)] = parameter(3, "how many of the deepest poolings score and map compare")
    map: Literal["gradient", "guided", "smoothgrad"] = parameter(
        "gradient",
        "gradient of the score with respect to the image; guided = guided backpropagation in the cloner, the "
        "release's usual one; smoothgrad = mean over noisy copies",
    )
    noise_draws: Annotated[int, Ge(1)] = parameter(50, "noisy copies per image for map = smoothgrad; release 50")
    map_scaling: Literal["min-max", "percentile", "none"] = parameter(
        "min-max",
        "percentile = each gradient from its least to its 99th percentile (release); min-max = that, and each smoothed map "
        "to [0, 1] (BMAD); none = raw, comparable between images",
    )
    sigma: Annotated[float, Ge(0)] = parameter(4.0, "Gaussian filter of the maps, pixels of the resized image; 0 = none")
    smoothings: Annotated[int, Ge(0)] = parameter(2, "how often that filter is applied; BMAD 2, release 1")
