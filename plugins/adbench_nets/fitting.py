"""Loading weights into a module to the last tensor, and one sentence where they do not fit."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor, nn

from adbench import UserError


def as_float32(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """A state with its floating tensors in float32; counters stay integers."""
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
        what: the weights in the user's words, in the plural, as a sentence begins: `Weights 'mine'`, `The saved adapters`.
        way_out: the sentence that says what to do where they do not fit.
        network: what they were to fit, in the user's words.
        part: the state holds other things as well, e.g. a saved memory: tensors are left alone unless the first part of
            their names is that of a tensor of the module.
        assign: take the tensors themselves, with their precision and device, as a module on the device `meta` must.

    Raises:
        UserError: tensors are missing, too many, or of other shapes. The first of them is named.
    """
    wanted = module.state_dict()
    known = {name.partition(".")[0] for name in wanted}
    given = {name: tensor for name, tensor in state.items() if not part or name.partition(".")[0] in known}
    problems = [f"they lack {name}" for name in wanted if name not in given]
    problems += [f"they also hold {name}" for name in given if name not in wanted]
    problems += [
        f"they hold {name} of shape {tuple(given[name].shape)} instead of {tuple(tensor.shape)}"
        for name, tensor in wanted.items()
        if name in given and given[name].shape != tensor.shape
    ]
    if problems:
        others = f", and differ in {len(problems) - 1} more tensors" if problems[1:] else ""
        raise UserError(f"{what} do not fit {network}: {problems[0]}{others}. {way_out}")
    module.load_state_dict(given if assign else {name: given[name].to(tensor) for name, tensor in wanted.items()}, assign=assign)
