"""From a weights name to a MedCLIP, strictly: a key that does not fit would silently leave random weights."""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from adbench import UserError, Weights
from adbench_clip.medclip.architecture import WITH_RESNET, WITH_SWIN, Architecture, tiny
from adbench_clip.medclip.parameters import INSTALL, TINY
from adbench_nets import load_weights

if TYPE_CHECKING:
    from adbench_clip.medclip.network import MedClip

WORDS = "text_model.model.embeddings.word_embeddings.weight"
RESNET_KEY = "vision_model.model.conv1.weight"
# Stored by older versions of transformers although the architecture implies it.
COMPUTED = ("position_ids", "relative_position_index")
# transformers 5 renamed the parts of a Swin block: (where, before, after).
RENAMED = (
    (".attention.self.query.", ".attention.q_proj."),
    (".attention.self.key.", ".attention.k_proj."),
    (".attention.self.value.", ".attention.v_proj."),
    (".attention.output.dense.", ".attention.o_proj."),
    (".attention.self.relative_position_bias_table", ".attention.relative_position_bias.relative_position_bias_table"),
    (".intermediate.dense.", ".mlp.fc1."),
    (".output.dense.", ".mlp.fc2."),
)
SWIN_BLOCK = re.compile(r"vision_model\.model\.encoder\.layers\.\d+\.blocks\.\d+\.")


def load_medclip(weights: Weights, name: str, device: str | torch.device = "cpu") -> MedClip:
    """Build the MedCLIP with these weights, in evaluation mode, without gradients.

    Args:
        weights: the resolver.
        name: `tiny-medclip`, or any name of weights of a released architecture; the keys say which of the two.

    Raises:
        UserError: transformers is not installed, or the weights do not fit.
    """
    demand_transformers()
    state = weights.state_dict(name)
    released = WITH_RESNET if RESNET_KEY in state else WITH_SWIN
    # A file without words fits nothing; the comparison with the architecture reports what is missing.
    words = len(state[WORDS]) if WORDS in state else 1
    architecture = tiny(words) if name == TINY else released
    return build_medclip(architecture, state).to(device).eval().requires_grad_(False)


def build_medclip(architecture: Architecture, state: Mapping[str, Tensor]) -> MedClip:
    """A MedCLIP with these weights, float32, on the CPU.

    Args:
        state: in the key names of the released checkpoints, or of transformers 5; any floating dtype.

    Raises:
        UserError: tensors of the state are missing, unexpected or of other shapes.
    """
    from adbench_clip.medclip.network import MedClip

    with torch.random.fork_rng():  # initial weights are drawn, then replaced
        model = MedClip(architecture)
    load_weights(
        model,
        current_names(state),
        "These weights",
        "Give the complete weights of that architecture with --weights NAME=PATH.",
        "the requested MedCLIP architecture",
    )
    return model


def current_names(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """A checkpoint in the key names of transformers 5, without what the architecture implies."""
    return {current_name(key): tensor for key, tensor in state.items() if key.rpartition(".")[2] not in COMPUTED}


def current_name(key: str) -> str:
    """The name in transformers 5 of a tensor of a released checkpoint; other names are kept."""
    if not SWIN_BLOCK.match(key):
        return key
    for before, after in RENAMED:
        if before in key:
            return key.replace(before, after)
    return key


def demand_transformers() -> None:
    """Raise `UserError` with the extra to install if transformers is missing."""
    if importlib.util.find_spec("transformers") is None:
        raise UserError(f"medclip needs transformers, which is not installed: {INSTALL}.")
