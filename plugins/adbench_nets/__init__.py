"""Building blocks for detectors, first-party and third-party alike: networks, flows, losses, and memory search.

Importing this imports nothing heavy: cards of weights and constants are available immediately, all other names are imported on
first use. The public names are those in `__all__`; modules and names below it may move.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from adbench_nets.cards import CLIP_L_336, TINY_CLIP, TINY_CNN, TINY_VGG
from adbench_nets.colours import CLIP_MEAN, CLIP_STD, IMAGENET_MEAN, IMAGENET_STD, Colour

if TYPE_CHECKING:
    from adbench_nets.backbones import FeatureMaps, architecture_of, count_classes, is_vit, load_backbone
    from adbench_nets.batches import Order, shuffled
    from adbench_nets.clip.levels import chosen_levels, level_tokens, stage_ends
    from adbench_nets.clip.loading import load_tower, quick_gelu_of
    from adbench_nets.clip.maps import (
        enlarge,
        memory_grids,
        memory_maps,
        patch_logits,
        probability_maps,
        text_probability,
        with_distances,
    )
    from adbench_nets.clip.prompts import (
        ABNORMAL_STATES,
        NORMAL_STATES,
        TEMPLATES,
        prompt_embeddings,
        prompts,
        text_features,
        tokenize,
    )
    from adbench_nets.clip.tower import Tower, build_tower
    from adbench_nets.examples import Batch, Examples, Freeze, stored_examples, zero_shot_examples
    from adbench_nets.fitting import as_float32, load_weights
    from adbench_nets.flows import ConditionalFlow, build_flows, log_likelihood, position_encoding, rotate
    from adbench_nets.losses import dice_loss, focal_loss
    from adbench_nets.memory import nearest_distance
    from adbench_nets.pixels import standardised, to_images, to_input
    from adbench_nets.ranges import scaled
    from adbench_nets.schedules import warm_up_cosine
    from adbench_nets.seeding import seeded

# Module to the names it defines; importing it imports torch and the network's libraries.
_HEAVY = {
    "backbones": (
        "FeatureMaps",
        "architecture_of",
        "count_classes",
        "is_vit",
        "load_backbone",
    ),
    "batches": (
        "Order",
        "shuffled",
    ),
    "clip.levels": (
        "chosen_levels",
        "level_tokens",
        "stage_ends",
    ),
    "clip.loading": (
        "load_tower",
        "quick_gelu_of",
    ),
    "clip.maps": (
        "enlarge",
        "memory_grids",
        "memory_maps",
        "patch_logits",
        "probability_maps",
        "text_probability",
        "with_distances",
    ),
    "clip.prompts": (
        "ABNORMAL_STATES",
        "NORMAL_STATES",
        "TEMPLATES",
        "prompt_embeddings",
        "prompts",
        "text_features",
        "tokenize",
    ),
    "clip.tower": (
        "Tower",
        "build_tower",
    ),
    "examples": (
        "Batch",
        "Examples",
        "Freeze",
        "stored_examples",
        "zero_shot_examples",
    ),
    "fitting": (
        "as_float32",
        "load_weights",
    ),
    "flows": (
        "ConditionalFlow",
        "build_flows",
        "log_likelihood",
        "position_encoding",
        "rotate",
    ),
    "losses": (
        "dice_loss",
        "focal_loss",
    ),
    "memory": ("nearest_distance",),
    "pixels": (
        "standardised",
        "to_images",
        "to_input",
    ),
    "ranges": ("scaled",),
    "schedules": ("warm_up_cosine",),
    "seeding": ("seeded",),
}
_HOMES = {name: module for module, names in _HEAVY.items() for name in names}

__all__ = [
    "ABNORMAL_STATES",
    "CLIP_L_336",
    "CLIP_MEAN",
    "CLIP_STD",
    "IMAGENET_MEAN",
    "IMAGENET_STD",
    "NORMAL_STATES",
    "TEMPLATES",
    "TINY_CLIP",
    "TINY_CNN",
    "TINY_VGG",
    "Batch",
    "Colour",
    "ConditionalFlow",
    "Examples",
    "FeatureMaps",
    "Freeze",
    "Order",
    "Tower",
    "architecture_of",
    "as_float32",
    "build_flows",
    "build_tower",
    "chosen_levels",
    "count_classes",
    "dice_loss",
    "enlarge",
    "focal_loss",
    "is_vit",
    "level_tokens",
    "load_backbone",
    "load_tower",
    "load_weights",
    "log_likelihood",
    "memory_grids",
    "memory_maps",
    "nearest_distance",
    "patch_logits",
    "position_encoding",
    "probability_maps",
    "prompt_embeddings",
    "prompts",
    "quick_gelu_of",
    "rotate",
    "scaled",
    "seeded",
    "shuffled",
    "stage_ends",
    "standardised",
    "stored_examples",
    "text_features",
    "text_probability",
    "to_images",
    "to_input",
    "tokenize",
    "warm_up_cosine",
    "with_distances",
    "zero_shot_examples",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return __all__
