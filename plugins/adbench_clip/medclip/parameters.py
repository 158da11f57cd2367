"""The parameters of MedCLIP."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from annotated_types import Ge

from adbench import parameter

SWIN, RESNET, TINY = "MedCLIP-ViT", "MedCLIP-ResNet", "tiny-medclip"
INSTALL = "pip install 'adbench-vision[medclip]'"
VOCABULARY, TINY_VOCABULARY = "Bio_ClinicalBERT-vocabulary", "tiny-vocabulary"


@dataclass(frozen=True, kw_only=True)
class MedclipParameters:
    """Wang et al., EMNLP 2022; defaults are those of the release, except the ensemble, which is clip's."""

    weights: str = parameter(SWIN, "MedCLIP-ViT, MedCLIP-ResNet, tiny-medclip (random), or a --weights NAME")
    vocabulary: str = parameter(VOCABULARY, "WordPiece vocabulary of the text tower, or a --weights NAME")
    image_size: Annotated[int, Ge(32)] = parameter(224, "image side in pixels; nothing is cropped")
    ensemble: Literal["features", "mean", "max"] = parameter(
        "features", "prompts of a state: features = the mean of their unit embeddings, as clip; mean or max of their logits"
    )
    class_name: str = parameter("", "name of the object in the prompts; empty = the set's")


def has_random_weights(parameters: MedclipParameters) -> bool:
    """Whether both towers are random."""
    return parameters.weights == TINY
