"""Prompts of the two states as MedCLIP's text tower reads them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from torch import Tensor

from adbench import UserError, Weights
from adbench_nets import ABNORMAL_STATES, NORMAL_STATES, prompts

if TYPE_CHECKING:
    from transformers import BertTokenizer

    from adbench_clip.medclip.network import MedClip

SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
LONGEST = 77
TEXTS_AT_ONCE = 128


def load_tokenizer(weights: Weights, name: str) -> BertTokenizer:
    """The WordPiece tokenizer of a vocabulary; lower case, as the release loads Bio_ClinicalBERT's.

    Raises:
        UserError: the file is not a WordPiece vocabulary.
    """
    from transformers import BertTokenizer

    vocabulary = read_vocabulary(weights.path(name))
    return BertTokenizer(vocab=vocabulary, do_lower_case=True)


def read_vocabulary(path: Path) -> dict[str, int]:
    """Token to number, from one token per line. Raises `UserError` if special tokens are missing or it is not text."""
    try:
        tokens = path.read_text(encoding="utf-8").splitlines()
    except ValueError as error:
        raise UserError(f"{path} is not a text file with one token per line: give the vocab.txt of Bio_ClinicalBERT.") from error
    missing = [token for token in SPECIAL if token not in tokens]
    if missing:
        raise UserError(f"{path} has no token {missing[0]}: give the vocab.txt of Bio_ClinicalBERT.")
    return {token: number for number, token in enumerate(tokens)}


@torch.no_grad()
def state_embeddings(model: MedClip, tokenizer: BertTokenizer, class_name: str, ensemble: str) -> list[Tensor]:
    """The text embeddings to compare images with, normal first.

    All prompts of a state are padded to the longest, as in the release for those of a class.

    Returns:
        Two (P, E) float32 of unit rows: the embeddings of all prompts of a state, or under `features` one row, their
        normalised mean.

    Raises:
        UserError: the vocabulary has more tokens than the text tower.
    """
    known = model.text_model.model.config.vocab_size
    if len(tokenizer) > known:
        raise UserError(
            f"The vocabulary has {len(tokenizer)} tokens, these weights know {known}: use a matching pair, e.g. "
            "--set medclip.weights=tiny-medclip with medclip.vocabulary=tiny-vocabulary."
        )
    device = model.logit_scale.device
    found = []
    for states in (NORMAL_STATES, ABNORMAL_STATES):
        tokens = tokenizer(
            prompts(class_name, states), padding=True, truncation=True, max_length=LONGEST, return_tensors="pt"
        ).to(device)
        parts = zip(tokens["input_ids"].split(TEXTS_AT_ONCE), tokens["attention_mask"].split(TEXTS_AT_ONCE), strict=True)
        embeddings = torch.cat([model.encode_texts(ids, mask) for ids, mask in parts]).float()
        found.append(F.normalize(embeddings.mean(dim=0, keepdim=True), dim=-1) if ensemble == "features" else embeddings)
    return found


def class_logits(model: MedClip, images: Tensor, classes: Sequence[Tensor], ensemble: str) -> Tensor:
    """Logits of each class: the mean or, under `max`, the maximum over its prompts.

    Args:
        images: (..., E) unit embeddings.
        classes: one (P, E) of unit rows per class.

    Returns:
        (..., C).
    """
    logits = [model.logits(images, texts) for texts in classes]
    return torch.stack([one.amax(dim=-1) if ensemble == "max" else one.mean(dim=-1) for one in logits], dim=-1)
