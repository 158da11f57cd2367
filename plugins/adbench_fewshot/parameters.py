"""The parameters of `dra` and `bgad`: every choice left open by paper, release and this re-implementation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from annotated_types import Ge, Gt, Interval, MultipleOf

from adbench import parameter


@dataclass(frozen=True, kw_only=True)
class DraParameters:
    """Defaults are the values of the paper and its release (Ding, Pang, Shen, CVPR 2022), with fixed normal references."""

    weights: str = parameter("resnet18.tv_in1k", "ImageNet weights to start from: tiny-cnn, a name of timm, or a --weights NAME")
    architecture: str = parameter("", "timm's name of the network; empty = as the weights say")
    image_size: Annotated[int, Ge(64)] = parameter(448, "image side in pixels")
    scales: Annotated[int, Ge(1)] = parameter(2, "sizes at which an image is processed, each half of the previous one")
    references: Annotated[int, Ge(1)] = parameter(5, "reference images; if fixed, at most the number of normals")
    reference_draw: Literal["fixed", "random"] = parameter(
        "fixed",
        "fixed = unchanged normals of the support; random = release: redrawn for every batch, in testing too, rotated, half "
        "of them pseudo anomalies, so that scores depend on chance and on the batch",
    )
    top_share: Annotated[float, Interval(gt=0, le=1)] = parameter(0.1, "share of the largest responses that make a head's score")
    epochs: Annotated[int, Ge(0)] = parameter(30, "epochs")
    steps: Annotated[int, Ge(1)] = parameter(20, "steps per epoch")
    batch_size: Annotated[int, Ge(3)] = parameter(48, "images per step, two thirds of them normal; the support is repeated")
    lr: Annotated[float, Gt(0)] = parameter(2e-4, "learning rate of Adam, a tenth after every `lr_period` epochs")
    lr_period: Annotated[int, Ge(1)] = parameter(10, "epochs between two reductions; as in the release the first comes one early")
    weight_decay: Annotated[float, Ge(0)] = parameter(1e-5, "weight decay, added to the gradient")
    margin: Annotated[float, Gt(0)] = parameter(5.0, "deviations by which anomalies should exceed the normal draws")
    pseudo_share: Annotated[float, Interval(ge=0, le=1)] = parameter(0.5, "share of normal images turned into pseudo anomalies")
    rotation: Annotated[float, Interval(ge=0, le=180)] = parameter(180.0, "largest angle by which training images are rotated")
    map_heads: Literal["seen", "all"] = parameter(
        "seen", "heads whose responses make the map, our own choice: seen, or all three"
    )


@dataclass(frozen=True, kw_only=True)
class BgadParameters:
    """Defaults are the values of the paper and its release (Yao et al., CVPR 2023), with inductive scores."""

    weights: str = parameter("tf_efficientnet_b6.aa_in1k", "weights of the frozen encoder: tiny-cnn, timm's, or a --weights NAME")
    architecture: str = parameter("", "timm's name of the encoder; empty = as the weights say")
    levels: tuple[Annotated[int, Ge(0)], ...] = parameter((1, 2, 3), "levels of the encoder, 0 = stride 2, 1 = stride 4, ...")
    image_size: Annotated[int, Ge(32)] = parameter(256, "image side in pixels")
    position_channels: Annotated[int, Ge(4), MultipleOf(4)] = parameter(128, "length of the position encoding, a multiple of 4")
    blocks: Annotated[int, Ge(1)] = parameter(8, "coupling blocks of each flow")
    clamp: Annotated[float, Gt(0)] = parameter(1.9, "largest logarithm of a coupling's scale")
    epochs: Annotated[int, Ge(1)] = parameter(25, "meta epochs; the first uses only normal images")
    sub_epochs: Annotated[int, Ge(1)] = parameter(8, "passes over the images in a meta epoch")
    batch_size: Annotated[int, Ge(1)] = parameter(32, "images whose patches are mixed")
    token_batch: Annotated[int, Ge(2)] = parameter(4096, "patches per step")
    remainder: Literal["keep", "drop"] = parameter(
        "keep",
        "keep = steps of equal size, none above token_batch; drop = release: whole steps only, so that few images train nothing",
    )
    lr: Annotated[float, Gt(0)] = parameter(2e-4, "highest learning rate of Adam: two meta epochs of warm-up, then a cosine")
    warm_up: Literal["batches", "release"] = parameter(
        "batches", "progress of the warm-up counted in image batches, or as in the release, which wrongly takes 2 as their number"
    )
    zero_grad: Literal["none", "zero"] = parameter(
        "none", "idle levels: none = unchanged; zero = drift by their momentum, as in PyTorch before 2, which the authors used"
    )
    beta: Annotated[float, Interval(ge=0, lt=1)] = parameter(0.01, "share of normal patches below the boundary")
    tau: Annotated[float, Ge(0)] = parameter(0.1, "distance between the normal and the abnormal boundary")
    normaliser: Annotated[float, Gt(0)] = parameter(10.0, "divisor of log-likelihoods before they meet the boundaries")
    focal: bool = parameter(True, "weigh patches by how hard they are")
    pasted: Annotated[int, Ge(0)] = parameter(
        0,
        "copies of every defect pasted on random normals, our own method; the release pastes 5 and needs foreground masks",
    )
    maxima: Literal["support", "test-set"] = parameter(
        "support", "where the largest likelihood of each level is learnt; test-set = release, transductive"
    )
