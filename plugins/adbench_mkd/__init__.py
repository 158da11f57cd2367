"""MKD: multiresolution knowledge distillation from a VGG16 (Salehi et al., CVPR 2021)."""

from __future__ import annotations

from adbench import DetectorCard, WeightsCard, hookimpl
from adbench_mkd.parameters import MkdParameters
from adbench_nets import TINY_VGG

MKD = DetectorCard(
    name="mkd",
    title="MKD",
    factory="adbench_mkd.detector:MkdDetector",
    tracks=("full-normal",),
    parameters=MkdParameters,
    presets={"demo": {"weights": TINY_VGG.name, "image_size": 64, "epochs": 20, "batch_size": 8, "sigma": 2.0}},
    packages=("scipy",),
    weight_parameters=("weights",),
    citation="Salehi, Sadjadi, Baselizadeh, Rohban, Rabiee. Multiresolution Knowledge Distillation for Anomaly Detection. "
    "CVPR 2021. arXiv 2011.11108.",
    url="https://arxiv.org/abs/2011.11108",
    licence="re-implemented from the paper; MIT",
    notes="Defaults are BMAD's adaptation, the likely source of the published medical figures: 224 pixels, ImageNet's mean and "
    "deviation, gradient maps smoothed twice and scaled image by image; which map it takes and its resizing (bilinear "
    "here) are not documented. The original release is image_size = 128, normalisation = none, map = guided, "
    "map_scaling = percentile, smoothings = 1. As in the release, one more epoch than the stated 200 is trained. Unlike the "
    "release, value_weight = 0 (directions only) takes squared differences out of the map too, noisy copies get the same "
    "noise for every image, and all is float32 whatever precision was requested. The demo preset takes a VGG of ten narrow "
    "convolutions trained on procedural images, and its sizes were tried on the phantoms.",
)
VGG16 = WeightsCard(
    name="vgg16.tv_in1k",
    file="vgg16-397923af.pth",
    url="https://download.pytorch.org/models/vgg16-397923af.pth",
    sha256="397923af8e79cdbb6a7127f12361acd7a2f83e06b05044ddf496e83de57a5bf0",
    licence="BSD-3-Clause",
    notes="torchvision's VGG16 without batch norm, ImageNet.",
)


@hookimpl
def adbench_detectors() -> list[DetectorCard]:
    """The card of MKD."""
    return [MKD]


@hookimpl
def adbench_weights() -> list[WeightsCard]:
    """VGG16, and the tiny one in the wheel."""
    return [VGG16, TINY_VGG]
