"""VGG-like networks: the frozen source, and the smaller cloner that learns to give the same feature maps."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn

from adbench import UserError
from adbench_nets import load_weights

Blocks = tuple[tuple[int, ...], ...]
"""Output channels of the convolutions of each block; a 2x2 max pooling ends a block."""

POOLINGS = 5
BATCH_NORM_EPS, BATCH_NORM_MOMENTUM = 1e-5, 0.1
FIX = "Give vgg16.tv_in1k or a file with the same keys."
CONVOLUTION = re.compile(r"features\.(\d+)\.weight")


def source_blocks(state: Mapping[str, Tensor]) -> Blocks:
    """The blocks of a plain VGG, read off its key names.

    Args:
        state: `features.{i}.weight` and `.bias`, i counting convolutions, ReLUs and poolings as torchvision and timm
            do; other keys (the classifier) are ignored.

    Raises:
        UserError: this is not a VGG with five poolings, or it has batch norm.
    """
    found = {int(match[1]): tensor for name, tensor in state.items() if (match := CONVOLUTION.fullmatch(name))}
    if not found or any(tensor.ndim != 4 for tensor in found.values()):
        raise _not_a_vgg("has batch norm" if found else "has no features.0.weight")
    places = sorted(found)
    blocks: list[list[int]] = [[]]
    for place, following in pairwise([*places, places[-1] + 3]):
        blocks[-1].append(len(found[place]))
        if following - place == 3:  # convolution, ReLU, pooling
            blocks.append([])
        elif following - place != 2:
            raise _not_a_vgg(f"has features.{following} after features.{place}")
    if len(blocks) - 1 != POOLINGS:
        raise _not_a_vgg(f"has {len(blocks) - 1} poolings")
    return tuple(tuple(block) for block in blocks[:-1])


def cloner_blocks(source: Blocks, width: int) -> Blocks:
    """The usual blocks of a cloner: `width` channels, except the source's channels before the compared poolings."""
    first, *others = source
    narrow = [tuple([width] * (len(block) - 1) + [block[-1]]) for block in others]
    return (tuple([width] * len(first)), *narrow)


def widths(blocks: Blocks) -> list[str]:
    """The blocks in the usual flat notation, `M` for a pooling."""
    return [entry for block in blocks for entry in (*map(str, block), "M")]


def blocks_of(flat: Iterable[int | str]) -> Blocks:
    """The blocks of a flat notation, the inverse of `widths`.

    Args:
        flat: output channels of each convolution in order, at least 1, and `M` for a pooling; the last is a pooling.

    Raises:
        ValueError: a block has no convolution, no final pooling, or an entry that is not a number of channels.
    """
    blocks: list[tuple[int, ...]] = []
    block: list[int] = []
    for entry in flat:
        if entry != "M":
            block.append(int(entry))
        elif block:
            blocks.append(tuple(block))
            block = []
        else:
            raise ValueError("A pooling follows another, or comes first: put a convolution before each.")
    if block or min((width for each in blocks for width in each), default=0) < 1:
        raise ValueError("Give numbers of channels, at least 1, with a pooling M at the end of each block.")
    return tuple(blocks)


class Vgg(nn.Module):
    """3x3 convolutions, ReLUs and 2x2 max poolings; keys `features.{i}` number all layers in order.

    Args:
        blocks: channels.
        cloner: no biases, and batch norm after every convolution except the last before a pooling, as in the release;
            otherwise biases and no batch norm.
    """

    def __init__(self, blocks: Blocks, cloner: bool) -> None:
        super().__init__()
        self.blocks = blocks
        layers: list[nn.Module] = []
        channels = 3
        for block in blocks:
            for number, width in enumerate(block, start=1):
                layers.append(nn.Conv2d(channels, width, 3, padding=1, bias=not cloner))
                if cloner and number < len(block):
                    layers.append(nn.BatchNorm2d(width, BATCH_NORM_EPS, BATCH_NORM_MOMENTUM))
                layers.append(nn.ReLU(inplace=True))
                channels = width
            layers.append(nn.MaxPool2d(2))
        self.features = nn.Sequential(*layers)

    def forward(self, images: Tensor, guided: bool = False) -> list[Tensor]:
        """Outputs of every pooling but the first.

        Args:
            images: (B, 3, H, W) float32, H and W at least 2^poolings.
            guided: ReLUs let no negative gradient through (guided backpropagation).

        Returns:
            Tensors (B, C, H / 4, W / 4), (B, C', H / 8, W / 8), ...
        """
        pooled = []
        for layer in self.features:
            images = guided_relu(images) if guided and isinstance(layer, nn.ReLU) else layer(images)
            if isinstance(layer, nn.MaxPool2d):
                pooled.append(images)
        return pooled[1:]


class _GuidedRelu(torch.autograd.Function):
    """ReLU whose gradient is cut off at zero as well (Springenberg et al., arXiv 1412.6806)."""

    @staticmethod
    def forward(ctx: Any, values: Tensor) -> Tensor:
        result = values.clamp(min=0)
        ctx.save_for_backward(result)
        return result

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        (result,) = ctx.saved_tensors
        return gradient.clamp(min=0) * (result > 0)


def guided_relu(values: Tensor) -> Tensor:
    """ReLU that lets no negative gradient through."""
    return _GuidedRelu.apply(values)


def build_source(state: Mapping[str, Tensor]) -> Vgg:
    """The frozen source network with these weights. Raises `UserError` if they are not a plain VGG's."""
    source = Vgg(source_blocks(state), cloner=False)
    features = {name: tensor for name, tensor in state.items() if name.startswith("features.")}
    load_weights(source, features, "These weights", FIX, "a plain VGG")
    return source.eval().requires_grad_(False)


def build_cloner(source: Vgg, blocks: Blocks, generator: torch.Generator) -> Vgg:
    """An untrained cloner of a source, initialised by Xavier's uniform rule, as in the release.

    Args:
        blocks: channels of every convolution, `cloner_blocks` for the usual ones; they may differ from the source except before
        the compared poolings, which are all but the first.

    Raises:
        ValueError: the number of poolings, or of channels where they are compared, differs from the source.
    """
    compared, wanted = ([block[-1] for block in network[1:]] for network in (blocks, source.blocks))
    if len(blocks) != len(source.blocks) or compared != wanted:
        raise ValueError(f"A cloner of this source has {wanted} channels before its poolings but the first, not {compared}.")
    cloner = Vgg(blocks, cloner=True)
    for layer in cloner.features:
        if isinstance(layer, nn.Conv2d):
            nn.init.xavier_uniform_(layer.weight, generator=generator)
    return cloner


def _not_a_vgg(what: str) -> UserError:
    return UserError(
        f"mkd needs the weights of a plain VGG with {POOLINGS} poolings and no batch norm, but this file {what}. {FIX}"
    )
