"""Methods of anomalib, wrapped at its torch models: raw scores and maps, no engine, no post-processor."""

from __future__ import annotations

from adbench import DetectorCard, WeightsCard, hookimpl
from adbench_anomalib.parameters import TINY_CNN, PatchcoreParameters

TINY = WeightsCard(
    name=TINY_CNN,
    file="tiny_cnn.safetensors",
    embedded="adbench_anomalib:tiny_cnn.safetensors",
    licence="MIT",
    notes="timm's test_resnet trained on procedural images, for demonstrations and tests; its figures say nothing about "
    "medicine.",
)
WIDE_RESNET = WeightsCard(
    name="wide_resnet50_2.tv_in1k",
    file="timm-wide_resnet50_2.tv_in1k.safetensors",
    hub="timm/wide_resnet50_2.tv_in1k:model.safetensors",
    url="https://download.pytorch.org/models/wide_resnet50_2-95faca4d.pth",
    licence="BSD-3-Clause",
    notes="torchvision's first ImageNet weights, as in the papers; timm's own default tag is another network.",
)
PATCHCORE = DetectorCard(
    name="patchcore",
    title="PatchCore",
    factory="adbench_anomalib.patchcore:PatchcoreDetector",
    tracks=("full-normal", "few-normal"),
    parameters=PatchcoreParameters,
    presets={"demo": {"backbone": TINY_CNN, "image_size": 128, "coreset_ratio": 0.05}},
    weight_parameters=("backbone",),
    citation="Roth, Pemula, Zepeda, Schoelkopf, Brox, Gehler. Towards Total Recall in Industrial Anomaly Detection. CVPR "
    "2022. arXiv 2106.08265.",
    url="https://arxiv.org/abs/2106.08265",
    licence="anomalib's torch model, Apache-2.0",
    notes="The image score is the plain maximum, as in the paper's sample script; neighbours=9 is anomalib's reweighting. "
    "The whole image is seen, where the paper crops 256 px to 224. As in anomalib, and unlike in the authors' code, features of "
    "the levels are concatenated without pooling them to 1024 numbers. Above max_patches, which no set of the paper reaches, "
    "the coreset is chosen from a random part of every image's patches.",
)


@hookimpl
def adbench_detectors() -> list[DetectorCard]:
    """The cards of the methods."""
    return [PATCHCORE]


@hookimpl
def adbench_weights() -> list[WeightsCard]:
    """The named backbones."""
    return [TINY, WIDE_RESNET]
