"""The prompt ensemble of MVFA and APRIL-GAN: states x templates, and their two text features.

The states and templates are those of APRIL-GAN (Chen et al. 2023), after WinCLIP (Jeong et al. 2023).
"""

from __future__ import annotations

import open_clip
import torch
import torch.nn.functional as F
from torch import Tensor

from adbench_nets.clip.tower import Tower

NORMAL_STATES = (
    "{}",
    "flawless {}",
    "perfect {}",
    "unblemished {}",
    "{} without flaw",
    "{} without defect",
    "{} without damage",
)
ABNORMAL_STATES = ("damaged {}", "broken {}", "{} with flaw", "{} with defect", "{} with damage")
TEMPLATES = (
    "a bad photo of a {}.",
    "a low resolution photo of the {}.",
    "a bad photo of the {}.",
    "a cropped photo of the {}.",
    "a bright photo of a {}.",
    "a dark photo of the {}.",
    "a photo of my {}.",
    "a photo of the cool {}.",
    "a close-up photo of a {}.",
    "a black and white photo of the {}.",
    "a bright photo of the {}.",
    "a cropped photo of a {}.",
    "a jpeg corrupted photo of a {}.",
    "a blurry photo of the {}.",
    "a photo of the {}.",
    "a good photo of the {}.",
    "a photo of one {}.",
    "a close-up photo of the {}.",
    "a photo of a {}.",
    "a low resolution photo of a {}.",
    "a photo of a large {}.",
    "a blurry photo of a {}.",
    "a jpeg corrupted photo of the {}.",
    "a good photo of a {}.",
    "a photo of the small {}.",
    "a photo of the large {}.",
    "a black and white photo of a {}.",
    "a dark photo of a {}.",
    "a photo of a cool {}.",
    "a photo of a small {}.",
    "there is a {} in the scene.",
    "there is the {} in the scene.",
    "this is a {} in the scene.",
    "this is the {} in the scene.",
    "this is one {} in the scene.",
)
TEXTS_AT_ONCE = 128


def prompts(class_name: str, states: tuple[str, ...]) -> list[str]:
    """All texts of a class, by state, then by template; the name's case is kept."""
    return [template.format(state.format(class_name)) for state in states for template in TEMPLATES]


def tokenize(texts: list[str], context_length: int = 77) -> Tensor:
    """(N, context_length) int64 ids of CLIP's tokenizer, zeros after the end."""
    return open_clip.tokenize(texts, context_length)


@torch.no_grad()  # type: ignore[untyped-decorator]  # torch has no types here
def prompt_embeddings(tower: Tower, texts: list[str]) -> Tensor:
    """(N, E) float32 embeddings before normalisation."""
    tokens = tokenize(texts, tower.model.context_length).to(tower.device)
    return torch.cat([tower.encode_text(part) for part in tokens.split(TEXTS_AT_ONCE)]).float()


@torch.no_grad()  # type: ignore[untyped-decorator]  # torch has no types here
def text_features(tower: Tower, class_name: str) -> Tensor:
    """(E, 2) float32, unit columns [normal, abnormal]: the normalised mean of the normalised prompt embeddings."""
    columns = []
    for states in (NORMAL_STATES, ABNORMAL_STATES):
        mean = F.normalize(prompt_embeddings(tower, prompts(class_name, states)), dim=-1).mean(dim=0)
        columns.append(F.normalize(mean, dim=0))
    return torch.stack(columns, dim=1)
