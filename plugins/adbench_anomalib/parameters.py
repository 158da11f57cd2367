"""The parameters of the methods; those of the frozen backbone are shared."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from annotated_types import Ge, Gt, Interval, Le, MinLen, MultipleOf

from adbench import parameter
from adbench_nets import CLIP_MEAN, CLIP_STD, IMAGENET_MEAN, IMAGENET_STD

Positive = Annotated[float, Gt(0)]
Share = Annotated[float, Interval(ge=0, lt=1)]


@dataclass(frozen=True, kw_only=True)
class BackboneParameters:
    """A frozen timm network and its input images."""

    backbone: str = parameter("wide_resnet50_2.tv_in1k", "weights of the backbone: tiny-cnn, a name of timm, or a --weights NAME")
    architecture: str = parameter("", "timm architecture of these weights; empty = as their name says")
    layers: tuple[str, ...] = parameter((), "modules that give features; empty = the levels at strides 8 and 16")
    image_size: Annotated[int, Ge(32)] = parameter(256, "image side in pixels; nothing is cropped")
    interpolation: Literal["nearest", "bilinear", "bicubic"] = parameter("bilinear", "how images are resized")
    mean: tuple[float, float, float] = parameter(IMAGENET_MEAN, "subtracted from pixels in [0, 1]; default ImageNet's")
    std: tuple[Positive, Positive, Positive] = parameter(IMAGENET_STD, "then divided by; default ImageNet's")
    batch_size: Annotated[int, Ge(1)] = parameter(32, "images per forward pass in fitting; does not change scores")


@dataclass(frozen=True, kw_only=True)
class PatchcoreParameters(BackboneParameters):
    """Roth et al., CVPR 2022; defaults are the paper's."""

    coreset_ratio: Annotated[float, Gt(0), Le(1)] = parameter(0.1, "share of the patches kept in the memory")
    neighbours: Annotated[int, Ge(1)] = parameter(
        1, "image score: 1 = maximum over patches, as the paper's sample script; 9 = anomalib's reweighted maximum"
    )
    max_patches: Annotated[int, Interval(ge=0)] = parameter(
        1_000_000, "patches to choose the memory from, drawn evenly from all images; 0 = all, whatever memory that takes"
    )


@dataclass(frozen=True, kw_only=True)
class Rd4adParameters(BackboneParameters):
    """Deng and Li, CVPR 2022; defaults are the paper's."""

    layers: tuple[str, ...] = parameter((), "modules that give features; empty = the levels at strides 4, 8 and 16")
    image_size: Annotated[int, Ge(64)] = parameter(256, "image side in pixels, a multiple of 32; nothing is cropped")
    batch_size: Annotated[int, Ge(1)] = parameter(16, "images per training step")
    epochs: Annotated[int, Ge(1)] = parameter(200, "passes over the normal images")
    lr: Annotated[float, Gt(0)] = parameter(0.005, "learning rate of Adam, constant")
    betas: tuple[Share, Share] = parameter((0.5, 0.999), "betas of Adam; anomalib has 0.5,0.99")
    maps: Literal["add", "multiply"] = parameter("add", "how the maps of the levels become one; multiply is BMAD's old anomalib")
    bottleneck: Literal["authors", "anomalib"] = parameter(
        "authors", "inner width of the bottleneck of wide ResNets: authors = 1024, anomalib = 512; others have only one"
    )


@dataclass(frozen=True, kw_only=True)
class CflowParameters(BackboneParameters):
    """Gudovskiy, Ishizaka, Kozuka, WACV 2022; defaults are the paper's."""

    layers: tuple[str, ...] = parameter((), "modules that give features; empty = the levels at strides 8, 16 and 32")
    batch_size: Annotated[int, Ge(1)] = parameter(32, "images whose features are shuffled together in training")
    fibre: Annotated[int, Ge(1)] = parameter(256, "feature vectors per training step; the remainder joins the last; anomalib: 64")
    meta_epochs: Annotated[int, Ge(1)] = parameter(25, "passes times sub_epochs; the learning rate changes with them")
    sub_epochs: Annotated[int, Ge(1)] = parameter(8, "passes over the normal images per meta-epoch")
    lr: Annotated[float, Gt(0)] = parameter(2e-4, "learning rate of Adam; anomalib: 1e-4")
    schedule: Literal["cosine", "constant"] = parameter("cosine", "learning rate: warm-up and cosine; anomalib: constant")
    permutation: Literal["soft", "hard"] = parameter("soft", "between blocks: a rotation, or a permutation as in anomalib")
    blocks: Annotated[int, Ge(1)] = parameter(8, "coupling blocks per level")
    position_channels: Annotated[int, Ge(4), MultipleOf(4)] = parameter(128, "length of the position encoding, the condition")
    clamp: Annotated[float, Gt(0)] = parameter(1.9, "greatest logarithm of a coupling's scale")
    maxima: Literal["train", "batch", "test-set"] = parameter(
        "train",
        "images that give each level's greatest likelihood, its 1: the training normals; batch = anomalib, scores depend on "
        "the batch; test-set = the authors' release, scores depend on the whole test set",
    )


def cflow_is_transductive(parameters: CflowParameters) -> bool:
    """Whether scores depend on other test images."""
    return parameters.maxima != "train"


@dataclass(frozen=True, kw_only=True)
class AnomalibParameters:
    """Any image model of anomalib; empty = the model's own default."""

    backbone: str = parameter("", "weights of its backbone: tiny-cnn, a name of timm, or a --weights NAME; empty = its own")
    architecture: str = parameter("", "timm architecture of these weights; empty = as their name says")
    arguments: str = parameter("", 'further constructor arguments, a JSON object: {"n_features": 50}')
    image_size: Annotated[int, Interval(ge=0)] = parameter(0, "image side in pixels; 0 = its own")
    batch_size: Annotated[int, Ge(1)] = parameter(32, "images per training step")
    epochs: Annotated[int, Ge(0)] = parameter(
        0, "passes over the normal images; 0 = its own, 100 where it has none; models that only collect features ignore it"
    )


@dataclass(frozen=True, kw_only=True)
class WinclipParameters:
    """Jeong et al., CVPR 2023; defaults are the paper's."""

    weights: str = parameter(
        "ViT-B-16-plus-240/laion400m_e31", "CLIP: tiny-clip, ARCHITECTURE/TAG of open_clip, or a --weights NAME"
    )
    image_size: Annotated[int, Ge(28)] = parameter(240, "image side in pixels; nothing is cropped")
    mean: tuple[float, float, float] = parameter(CLIP_MEAN, "subtracted from pixels in [0, 1]; default CLIP's, tiny-clip wants 0")
    std: tuple[Positive, Positive, Positive] = parameter(CLIP_STD, "then divided by; default CLIP's, tiny-clip wants 1")
    scales: Annotated[tuple[Annotated[int, Ge(1)], ...], MinLen(1)] = parameter((2, 3), "sides of the windows in patches")
    class_name: str = parameter("", "name of the object in the prompts; empty = the set's")
