"""From a weights name to a CLIP tower."""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib import resources
from typing import Any

import open_clip
import torch
from torch import Tensor

from adbench import UserError, Weights
from adbench_nets.cards import TINY_CLIP
from adbench_nets.clip.tiny import expand
from adbench_nets.clip.tower import Tower, build_tower

HEAD_WIDTH = 64


def load_tower(
    weights: Weights,
    name: str,
    size: int | tuple[int, int],
    device: str | torch.device = "cpu",
    quick_gelu: bool = False,
) -> Tower:
    """Build the tower with these weights.

    Args:
        weights: the resolver, `ctx.weights`.
        name: `tiny-clip`; `ARCHITECTURE/TAG` in open_clip's names, e.g. `ViT-L-14-336/openai`; or any other name, whose
            architecture is then inferred from the shapes of its tensors.
        size: image side, or height and width, in pixels.
        device: device of the tower.
        quick_gelu: the activation, see `build_tower`; `quick_gelu_of` says which one the weights were trained with.

    Raises:
        UserError: the architecture is not a plain CLIP ViT, or the weights do not fit it.
    """
    state = expand(weights.state_dict(name))
    return build_tower(named_config(name) or inferred_config(state), state, size, device, quick_gelu)


def quick_gelu_of(weights: Weights, name: str) -> bool | None:
    """Whether weights were trained with QuickGELU, according to their card; None if unknown.

    Args:
        weights: the resolver, `ctx.weights`.
        name: name of the weights, given by the user or not.
    """
    try:
        return weights.card(name).quick_gelu
    except UserError:  # a user's own name
        return None


def named_config(name: str) -> dict[str, Any] | None:
    """open_clip's model config of a weights name, or None if the name does not say."""
    if name == TINY_CLIP.name:
        text = resources.files("adbench_nets").joinpath("tiny_clip.json").read_text(encoding="utf-8")
        tiny: dict[str, Any] = json.loads(text)["model_config"]
        return tiny
    architecture, slash, _ = name.partition("/")
    if slash and architecture in open_clip.list_models():
        published: dict[str, Any] = open_clip.get_model_config(architecture)
        return published
    return None


def inferred_config(state: Mapping[str, Tensor]) -> dict[str, Any]:
    """The model config that the shapes of a state in OpenAI's key names imply; heads are 64 wide, as in all of OpenAI's."""
    try:
        vision_width, _, patch, _ = state["visual.conv1.weight"].shape
        cells = state["visual.positional_embedding"].shape[0] - 1
        text_width = state["ln_final.weight"].shape[0]
        return {
            "embed_dim": state["text_projection"].shape[1],
            "vision_cfg": {
                "image_size": patch * round(cells**0.5),
                "patch_size": patch,
                "width": vision_width,
                "head_width": min(HEAD_WIDTH, vision_width),
                "layers": _count_blocks(state, "visual.transformer.resblocks."),
            },
            "text_cfg": {
                "context_length": state["positional_embedding"].shape[0],
                "vocab_size": state["token_embedding.weight"].shape[0],
                "width": text_width,
                "heads": max(1, text_width // HEAD_WIDTH),
                "layers": _count_blocks(state, "transformer.resblocks."),
            },
        }
    except (KeyError, ValueError, IndexError) as error:
        raise UserError(
            "These weights are not those of a CLIP ViT in OpenAI's or open_clip's key names: "
            "convert them, or name them ARCHITECTURE/TAG."
        ) from error


def _count_blocks(state: Mapping[str, Tensor], prefix: str) -> int:
    return len({key.removeprefix(prefix).split(".")[0] for key in state if key.startswith(prefix)})
