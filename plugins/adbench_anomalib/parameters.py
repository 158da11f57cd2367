"""The parameters of the methods; those of the frozen backbone are common to all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from annotated_types import Ge, Gt, Interval, Le

from adbench import parameter

TINY_CNN = "tiny-cnn"
IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)
Positive = Annotated[float, Gt(0)]


@dataclass(frozen=True, kw_only=True)
class BackboneParameters:
    """A frozen timm network and the images that it gets."""

    backbone: str = parameter(
        "wide_resnet50_2.tv_in1k", "weights of the backbone: tiny-cnn, a name of timm, or a --weights NAME"
    )
    architecture: str = parameter("", "timm architecture of these weights; empty = as their name says")
    layers: tuple[str, ...] = parameter((), "modules that give features; empty = the levels at strides 8 and 16")
    image_size: Annotated[int, Ge(32)] = parameter(256, "image side in pixels; nothing is cropped")
    interpolation: Literal["nearest", "bilinear", "bicubic"] = parameter("bilinear", "how images are resized")
    mean: tuple[float, float, float] = parameter(IMAGENET_MEAN, "subtracted from pixels in [0, 1]; default ImageNet's")
    std: tuple[Positive, Positive, Positive] = parameter(IMAGENET_STD, "then divided by; default ImageNet's")
    batch_size: Annotated[int, Ge(1)] = parameter(32, "images a forward pass in fitting; no score depends on it")


@dataclass(frozen=True, kw_only=True)
class PatchcoreParameters(BackboneParameters):
    """Roth et al., CVPR 2022; defaults are the paper's."""

    coreset_ratio: Annotated[float, Gt(0), Le(1)] = parameter(0.1, "share of the patches that the memory keeps")
    neighbours: Annotated[int, Ge(1)] = parameter(
        1, "image score: 1 = maximum over patches, as the paper's sample script; 9 = anomalib's reweighted maximum"
    )
    max_patches: Annotated[int, Interval(ge=0)] = parameter(
        1_000_000, "patches to choose the memory from, drawn evenly from all images; 0 = all of them, whatever memory it takes"
    )
