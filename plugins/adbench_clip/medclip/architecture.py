"""Architectures of MedCLIP: the two releases, and the tiny random one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Architecture:
    """Shapes of the two towers.

    Attributes:
        text: fields of transformers' `BertConfig`.
        vision: fields of its `SwinConfig`; None = torchvision's ResNet50.
        embedding: length of the embeddings of images and texts.
    """

    text: Mapping[str, Any]
    vision: Mapping[str, Any] | None
    embedding: int


BIO_CLINICAL_BERT = {
    "vocab_size": 28996,
    "hidden_size": 768,
    "num_hidden_layers": 12,
    "num_attention_heads": 12,
    "intermediate_size": 3072,
    "max_position_embeddings": 512,
}
SWIN_TINY = {"embed_dim": 96, "depths": [2, 2, 6, 2], "num_heads": [3, 6, 12, 24], "window_size": 7}
WITH_SWIN = Architecture(BIO_CLINICAL_BERT, SWIN_TINY, 512)
WITH_RESNET = Architecture(BIO_CLINICAL_BERT, None, 512)
TINY_TEXT = {
    "hidden_size": 32,
    "num_hidden_layers": 3,
    "num_attention_heads": 2,
    "intermediate_size": 64,
    "max_position_embeddings": 77,
}
TINY_VISION = {"embed_dim": 12, "depths": [1, 1, 1, 1], "num_heads": [1, 2, 4, 4], "window_size": 7}
TINY_EMBEDDING = 32


def tiny(words: int) -> Architecture:
    """The tiny one, for a vocabulary of `words` tokens."""
    return Architecture({"vocab_size": words, **TINY_TEXT}, TINY_VISION, TINY_EMBEDDING)
