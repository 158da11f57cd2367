"""Methods that learn from a few normal and a few abnormal images: DRA (CVPR 2022) and BGAD (CVPR 2023)."""

from __future__ import annotations

from typing import Any

from adbench import DetectorCard, WeightsCard, hookimpl
from adbench_fewshot.parameters import BgadParameters, DraParameters
from adbench_nets import TINY_CNN

RESNET18 = WeightsCard(
    name="resnet18.tv_in1k",
    file="timm-resnet18.tv_in1k.safetensors",
    hub="timm/resnet18.tv_in1k:model.safetensors",
    url="https://download.pytorch.org/models/resnet18-f37072fd.pth",
    licence="BSD-3-Clause",
    notes="torchvision's first ImageNet weights, as in the paper; timm's default tag is another network.",
)
EFFICIENTNET_B6 = WeightsCard(
    name="tf_efficientnet_b6.aa_in1k",
    file="timm-tf_efficientnet_b6.aa_in1k.safetensors",
    hub="timm/tf_efficientnet_b6.aa_in1k:model.safetensors",
    licence="Apache-2.0",
    notes="What timm gave for tf_efficientnet_b6 when BGAD appeared; its default tag today is another network.",
)


def random_references(parameters: DraParameters) -> bool:
    """Whether an image's score depends on its batch."""
    return parameters.reference_draw == "random"


def test_set_maxima(parameters: BgadParameters) -> bool:
    """Whether the maxima are taken over the test set."""
    return parameters.maxima == "test-set"


# Chosen on validation images of the phantoms, never on their test images. At 128 px the last feature map has 4 x 4 places,
# too few to localise; and rotation only blurs objects that all have one orientation.
DRA_DEMO: dict[str, Any] = {
    "weights": TINY_CNN.name,
    "image_size": 256,
    "scales": 1,
    "rotation": 0.0,
    "epochs": 6,
    "steps": 6,
    "batch_size": 12,
    "lr": 1e-3,
    "lr_period": 6,
}
# Chosen likewise: eight images give few patches, which small steps use best.
BGAD_DEMO: dict[str, Any] = {
    "weights": TINY_CNN.name,
    "levels": (2, 3),
    "image_size": 192,
    "position_channels": 16,
    "blocks": 4,
    "epochs": 6,
    "sub_epochs": 4,
    "token_batch": 128,
    "lr": 3e-3,
}
DRA = DetectorCard(
    name="dra",
    title="DRA",
    factory="adbench_fewshot.dra:DraDetector",
    tracks=("few-shot",),
    parameters=DraParameters,
    presets={"demo": DRA_DEMO},
    packages=("timm", "torchvision"),
    weight_parameters=("weights",),
    transductive=random_references,
    citation="Ding, Pang, Shen. Catching Both Gray and Black Swans: Open-set Supervised Anomaly Detection. CVPR 2022. "
    "arXiv 2203.14506.",
    url="https://arxiv.org/abs/2203.14506",
    licence="re-implemented from the paper; MIT",
    notes="The paper does not localise: the map, the seen head's responses averaged over the two sizes and enlarged, is our "
    "choice. References are unchanged normals of the support, in training and in testing; the release draws new ones for "
    "every batch, rotated and half of them pseudo anomalies, in testing too (reference_draw=random, marked as transductive). "
    "The last epoch is kept.",
)
BGAD = DetectorCard(
    name="bgad",
    title="BGAD",
    factory="adbench_fewshot.bgad:BgadDetector",
    tracks=("few-shot",),
    parameters=BgadParameters,
    presets={"demo": BGAD_DEMO},
    packages=("freia", "timm"),
    weight_parameters=("weights",),
    needs_masks=True,
    transductive=test_set_maxima,
    citation="Yao, Li, Zhang, Sun, Zhang. Explicit Boundary Guided Semi-Push-Pull Contrastive Learning for Supervised "
    "Anomaly Detection. CVPR 2023. arXiv 2207.01463.",
    url="https://arxiv.org/abs/2207.01463",
    licence="re-implemented from the paper; MIT",
    notes="The likelihood maxima are learnt on the support and the last epoch is kept; the release takes the maxima over the "
    "whole test set (maxima=test-set, marked as transductive) and the epoch with the best test AUC. Leftover patches that fill no "
    "step are trained on; the release drops them and would train nothing on few images. The release pastes defects with "
    "foreground masks that exist only for MVTec; pasting with the defect masks alone (pasted=5) is our choice, and off.",
)


@hookimpl
def adbench_detectors() -> list[DetectorCard]:
    """The two cards."""
    return [DRA, BGAD]


@hookimpl
def adbench_weights() -> list[WeightsCard]:
    """The named weights of these methods."""
    return [RESNET18, EFFICIENTNET_B6, TINY_CNN]
