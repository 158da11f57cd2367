"""MVFA: multi-level visual feature adaptation of CLIP (Huang et al., CVPR 2024)."""

from __future__ import annotations

from typing import Any

from adbench import DetectorCard, WeightsCard, hookimpl
from adbench_mvfa.parameters import MvfaParameters, OfficialParameters
from adbench_nets import CLIP_L_336, TINY_CLIP

CITATION = (
    "Huang, Jiang, Feng, Zhang, Wang, Wang. Adapting Visual-Language Models for Generalizable Anomaly Detection in "
    "Medical Images. CVPR 2024. arXiv 2403.12570."
)
# Chosen on validation images of the phantoms, never on their test images: at the native side of 112 px the patches are
# too coarse for small lesions, and more epochs hardly help.
DEMO: dict[str, Any] = {"weights": TINY_CLIP.name, "image_size": 168, "epochs": 5}
COMMON: dict[str, Any] = {
    "factory": "adbench_mvfa.detector:MvfaDetector",
    "tracks": ("few-shot", "zero-shot"),
    "packages": ("open_clip_torch",),
    "weight_parameters": ("weights", "adapters"),
    "citation": CITATION,
    "url": "https://arxiv.org/abs/2403.12570",
    "licence": "re-implemented from the paper; MIT",
}


def is_transductive(parameters: MvfaParameters) -> bool:
    """Whether the min-max is taken over the test set."""
    return parameters.fusion == "test-set"


def checkpoint(parameters: MvfaParameters) -> Any:
    """How the epoch is chosen."""
    return parameters.checkpoint


MVFA = DetectorCard(
    name="mvfa",
    title="MVFA",
    parameters=MvfaParameters,
    presets={"demo": DEMO},
    transductive=is_transductive,
    selection=checkpoint,
    notes="Where paper and release disagree, this follows the release, except where that uses the test set: the last epoch "
    "is kept, the min-max of the two branches is learnt on the support, and batches have 16 images, as in the paper.",
    **COMMON,
)
OFFICIAL = DetectorCard(
    name="mvfa-official",
    published_as="mvfa",
    title="MVFA (official protocol)",
    parameters=OfficialParameters,
    presets={"demo": DEMO},
    transductive=is_transductive,
    selection=checkpoint,
    notes="Reproduces the release: single-image steps, scores min-maxed over the whole test set, and the checkpoint with the "
    "best AUC on the test set. For comparison with published figures only.",
    **COMMON,
)


@hookimpl
def adbench_detectors() -> list[DetectorCard]:
    """The two MVFA cards."""
    return [MVFA, OFFICIAL]


@hookimpl
def adbench_weights() -> list[WeightsCard]:
    """The named CLIP weights; `april-gan` and others use them too."""
    return [CLIP_L_336, TINY_CLIP]
