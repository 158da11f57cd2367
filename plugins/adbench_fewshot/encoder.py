"""Backbones from resolved weights: a trainable trunk for DRA, frozen feature levels for BGAD."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence

import numpy as np
import timm
import torch
from torch import Tensor, nn

from adbench import UserError, Weights, did_you_mean
from adbench_fewshot.resnet import ResNet18, widths_of

MEAN = (0.485, 0.456, 0.406)
STD = (0.229, 0.224, 0.225)
TINY_CNN, TINY_ARCHITECTURE = "tiny-cnn", "test_resnet"
CLASSIFIER = "fc"


class Trunk(nn.Module):
    """The last feature map of a network of timm.

    Args:
        model: a network with `forward_intermediates`.
    """

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model
        self.width: int = _channels(model)[-1]

    def forward(self, images: Tensor) -> Tensor:
        """(B, 3, H, W) to (B, width, h, w)."""
        return intermediates(self.model, images, [len(_channels(self.model)) - 1])[0]


def load_trunk(weights: Weights, name: str, architecture: str = "") -> ResNet18 | Trunk:
    """A whole convolutional network up to its last feature map, ready to be trained.

    A ResNet-18 in torchvision's key names is recognised by its tensors; any other network is timm's.

    Raises:
        UserError: no such architecture, or weights that do not fit it.
    """
    state = _read(weights, name)
    widths = None if architecture else widths_of(state)
    if widths is None:
        return Trunk(_build(name, architecture, state))
    trunk = ResNet18(widths)
    load_whole(trunk, _without(state, CLASSIFIER), f"Weights {name!r}")
    return trunk


class Levels(nn.Module):
    """Feature maps of some levels of a frozen network of timm.

    Args:
        model: a network with `forward_intermediates`.
        levels: indices of levels, rising.
    """

    def __init__(self, model: nn.Module, levels: Sequence[int]) -> None:
        super().__init__()
        channels = _channels(model)
        if not levels or list(levels) != sorted(set(levels)) or levels[-1] >= len(channels):
            raise UserError(
                f"levels = {tuple(levels)} must rise from 0 to at most {len(channels) - 1}, the last of this encoder."
            )
        self.model = model
        self.levels = list(levels)
        self.widths = tuple(channels[level] for level in levels)

    @torch.no_grad()
    def forward(self, images: Tensor) -> list[Tensor]:
        """(B, 3, H, W) to one (B, width, h, w) a level."""
        return intermediates(self.model, images, self.levels)


def load_levels(weights: Weights, name: str, levels: Sequence[int], architecture: str = "") -> Levels:
    """A frozen encoder. Raises `UserError`: no such architecture or level, or weights that do not fit."""
    return Levels(_build(name, architecture, _read(weights, name)), levels).eval().requires_grad_(False)


def intermediates(model: nn.Module, images: Tensor, levels: Sequence[int]) -> list[Tensor]:
    """Feature maps of these levels; what comes after the last of them is not computed where timm knows how."""
    return model.forward_intermediates(images, indices=list(levels), intermediates_only=True, stop_early=True)  # type: ignore[operator]


def load_whole(module: nn.Module, state: Mapping[str, Tensor], what: str) -> None:
    """Load a state to the last tensor. Raises `UserError` that says which does not fit."""
    try:
        module.load_state_dict(dict(state), strict=True)
    except RuntimeError as error:
        reason = " ".join(line.strip() for line in str(error).splitlines()[1:2])[:200]
        raise UserError(
            f"{what} do not fit this network ({reason}): give others, or the parameters that these were made with."
        ) from error


def to_input(pixels: np.ndarray | Tensor, device: str | torch.device = "cpu") -> Tensor:
    """(B, 3, H, W) uint8 to float32 on the device, (x / 255 - mean) / std with ImageNet's figures."""
    images = torch.as_tensor(pixels).to(device).float() / 255
    mean, std = (torch.tensor(values, device=device)[:, None, None] for values in (MEAN, STD))
    return (images - mean) / std


def _read(weights: Weights, name: str) -> dict[str, Tensor]:
    state = weights.state_dict(name)
    return {key: tensor.float() if tensor.is_floating_point() else tensor for key, tensor in state.items()}


def _without(state: Mapping[str, Tensor], classifier: str) -> dict[str, Tensor]:
    return {key: tensor for key, tensor in state.items() if not key.startswith(f"{classifier}.")}


def _build(name: str, architecture: str, state: Mapping[str, Tensor]) -> nn.Module:
    """A network of timm without its classifier, never with weights that timm fetches itself."""
    wanted = architecture or (TINY_ARCHITECTURE if name == TINY_CNN else name.partition(".")[0])
    if not timm.is_model(wanted):
        close = difflib.get_close_matches(wanted, timm.list_models(), n=1)
        raise UserError(
            f"The weights name {name!r} tells no architecture of timm.{did_you_mean(wanted, close)} "
            "Name it, e.g. --set METHOD.architecture=resnet18."
        )
    model = timm.create_model(wanted, pretrained=False, num_classes=0)
    config = timm.get_pretrained_cfg(wanted)
    load_whole(model, _without(state, config.classifier if config else CLASSIFIER), f"Weights {name!r}")
    return model


def _channels(model: nn.Module) -> list[int]:
    information = getattr(model, "feature_info", None)
    if information is None or not hasattr(model, "forward_intermediates"):
        raise UserError(f"{type(model).__name__} of timm gives no feature levels: choose a convolutional network, e.g. a ResNet.")
    return [int(level["num_chs"]) for level in information]
