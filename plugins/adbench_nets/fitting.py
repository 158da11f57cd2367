"""Strict loading of weights into a module, with one sentence if they do not fit."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor, nn

from adbench import UserError


def as_float32(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """A state with its floating tensors in float32; integers are kept."""
    return {name: tensor.float() if tensor.is_floating_point() else tensor for name, tensor in state.items()}


def load_weights(
    module: nn.Module,
    state: Mapping[str, Tensor],
    what: str,
    way_out: str,
    network: str = "this network",
    *,
    part: bool = False,
    assign: bool = False,
) -> None:
    """Load tensors by their names. The module keeps its precision and its device.

    Args:
        module: gets all its parameters and buffers from `state`.
        state: name to tensor.
        what: the weights in the user's words, the plural start of a sentence: `Weights 'mine'`, `The saved adapters`.
        way_out: a sentence on what to do if they do not fit.
        network: the target network, in the user's words.
        part: the state may hold other things, e.g. a saved memory: a tensor is ignored unless the first part of its
            name is that of a tensor of the module.
        assign: use the tensors themselves, with their precision and device; needed for a module on the device `meta`.

    Raises:
        UserError: tensors are missing, unexpected or of other shapes. The first of them is named.
    """
    wanted = module.state_dict()
    known = {name.partition(".")[0] for name in wanted}
    given = {name: tensor for name, tensor in state.items() if not part or name.partition(".")[0] in known}
    problems = [f"{name} is missing" for name in wanted if name not in given]
    problems += [f"{name} is unexpected" for name in given if name not in wanted]
    problems += [
        f"{name} has shape {tuple(given[name].shape)} instead of {tuple(tensor.shape)}"
        for name, tensor in wanted.items()
        if name in given and given[name].shape != tensor.shape
    ]
    if problems:
        others = f" (and {len(problems) - 1} more)" if problems[1:] else ""
        raise UserError(f"{what} do not fit {network}: {problems[0]}{others}. {way_out}")
    module.load_state_dict(given if assign else {name: given[name].to(tensor) for name, tensor in wanted.items()}, assign=assign)
