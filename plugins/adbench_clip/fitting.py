"""Whether weights fit an architecture, and where they do not, in one sentence."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor

from adbench import UserError


def demand_fit(wanted: Mapping[str, Tensor], tensors: Mapping[str, Tensor], architecture: str) -> None:
    """Raise `UserError` where tensors are missing, too many or of other shapes than those of a model.

    Args:
        wanted: the model's own state.
        tensors: what would be loaded.
        architecture: what the model is called in the message.
    """
    problems = [f"lacks {name}" for name in wanted if name not in tensors]
    problems += [f"has the unknown {name}" for name in tensors if name not in wanted]
    problems += [
        f"has {name} of shape {tuple(tensors[name].shape)} instead of {tuple(tensor.shape)}"
        for name, tensor in wanted.items()
        if name in tensors and tensors[name].shape != tensor.shape
    ]
    if problems:
        raise UserError(
            f"These weights do not fit {architecture}: the file {problems[0]}"
            f"{f' and differs in {len(problems) - 1} more tensors' if problems[1:] else ''}. "
            "Give the complete weights of that architecture with --weights NAME=PATH."
        )
