"""Captions of the procedural world: CLIP's templates and states over the world's words."""

from __future__ import annotations

import open_clip
import torch
from numpy.random import Generator
from torch import Tensor

from adbench_nets import ABNORMAL_STATES, NORMAL_STATES, TEMPLATES
from tiny_defects import KINDS
from tiny_world import NAMES

SYNONYMS = {
    "brain": ("brain", "brain mri", "head"),
    "liver": ("liver", "liver ct", "abdomen", "organ"),
    "retinal oct": ("retinal oct", "retina", "oct", "layers"),
    "chest x-ray film": ("chest x-ray film", "chest x-ray", "chest", "lung"),
    "histopathological image": ("histopathological image", "histopathology", "tissue", "cells"),
}
GENERIC = ("object", "image", "texture", "scan", "picture")
MORE_ABNORMAL = ("abnormal {}", "{} with lesion", "{} with tumor", "diseased {}", "{} with hole", "{} with scratch")
MORE_NORMAL = ("normal {}", "healthy {}", "intact {}", "good {}")
EXTRA_SHARE = 0.15


def caption(rng: Generator, name: str, abnormal: bool) -> str:
    """One caption: mostly the methods' ensemble, sometimes synonyms."""
    words = SYNONYMS.get(name, (name,))
    word = name if rng.random() > EXTRA_SHARE else str(rng.choice(words + GENERIC))
    common, more = (ABNORMAL_STATES, MORE_ABNORMAL) if abnormal else (NORMAL_STATES, MORE_NORMAL)
    states = common if rng.random() > EXTRA_SHARE else more
    return str(rng.choice(TEMPLATES)).format(str(rng.choice(states)).format(word))


def caption_table(rng: Generator) -> Tensor:
    """(2 x names, context) token ids, a fresh caption for every name: all flawless ones, then all damaged ones."""
    return open_clip.tokenize([caption(rng, name, abnormal) for abnormal in (False, True) for name in NAMES])


def vocabulary() -> Tensor:
    """Sorted ids of all tokens that captions can contain, including start, end and padding."""
    words = (*NAMES, *GENERIC, *KINDS, *(word for synonyms in SYNONYMS.values() for word in synonyms))
    states = (*NORMAL_STATES, *ABNORMAL_STATES, *MORE_NORMAL, *MORE_ABNORMAL)
    texts = [*words, *(text.replace("{}", "") for text in (*states, *TEMPLATES))]
    return torch.unique(open_clip.tokenize(texts))
