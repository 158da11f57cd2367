"""Putting saved weights into the trained part of a method, with a sentence where they do not fit."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor, nn

from adbench import UserError


def load_trained(module: nn.Module, state: Mapping[str, Tensor], what: str) -> None:
    """Take weights by their names; other tensors of the state, e.g. a saved memory, are left alone.

    Args:
        what: the weights in the user's words, e.g. `adapters`.

    Raises:
        UserError: a weight is missing or of another shape, or the state holds more of them.
    """
    wanted = module.state_dict()
    for name, tensor in wanted.items():
        if name not in state:
            raise UserError(f"The saved {what} lack {name}: they are of another layout, or something else.")
        if state[name].shape != tensor.shape:
            raise UserError(
                f"The saved {what} hold {name} of shape {tuple(state[name].shape)} where this CLIP and these levels need "
                f"{tuple(tensor.shape)}: use the weights and levels that they were trained with."
            )
    prefixes = {name.split(".")[0] for name in wanted}
    extra = [name for name in state if name.split(".")[0] in prefixes and name not in wanted]
    if extra:
        raise UserError(f"The saved {what} also hold {extra[0]}: they were trained with more levels or another layout.")
    module.load_state_dict({name: state[name].to(tensor) for name, tensor in wanted.items()})
