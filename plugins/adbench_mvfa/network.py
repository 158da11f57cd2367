"""The frozen backbone with adapters in its stream."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from adbench_mvfa.adapters import Adapters
from adbench_nets import Tower


@dataclass(frozen=True)
class Tokens:
    """Tokens of the two heads, K tensors (B, L + 1, E) each, class token first.

    Attributes:
        stream: (B, L + 1, W), after the last level.
    """

    seg: list[Tensor]
    det: list[Tensor]
    stream: Tensor


@torch.no_grad()
def stem(tower: Tower, adapters: Adapters, images: Tensor) -> Tensor:
    """The first stage, (B, L + 1, W): all blocks up to the first adapter; training does not change it."""
    return tower.run(tower.embed(images), 0, adapters.levels[0])


def adapt(tower: Tower, adapters: Adapters, first_stage: Tensor, onward: bool = False) -> Tokens:
    """Run the rest of the backbone up to the last level.

    Gradients reach only the adapters; nothing below the first one is differentiated.

    Args:
        onward: let the last adapter also write into the stream, for later blocks.
    """
    stream, block = first_stage, adapters.levels[0]
    seg, det = [], []
    for index, level in enumerate(adapters.levels):
        stream = tower.run(stream, block, level)
        block = level
        last = index == len(adapters.levels) - 1
        seg_token, det_token, stream = adapters.level(index, stream, onward or not last)
        seg.append(seg_token)
        det.append(det_token)
    return Tokens(seg, det, stream)
