"""timm networks from resolved weights, never from weights that timm fetches itself, and their feature maps."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence

import timm
from timm.models import is_model_in_modules
from torch import Tensor, nn

from adbench import UserError, Weights, did_you_mean
from adbench_nets.cards import TINY_CNN
from adbench_nets.fitting import as_float32, load_weights

TINY_ARCHITECTURE = "test_resnet"


def load_backbone(weights: Weights, name: str, architecture: str = "", *, classifier: bool = True) -> nn.Module:
    """The timm network with these weights, in float32, in evaluation mode and without gradients.

    Args:
        weights: the resolver, `ctx.weights`.
        name: `tiny-cnn`, a timm name with or without its tag, or any other name together with `architecture`.
        architecture: timm's name of it; "" = from `name`.
        classifier: keep the classifier if the file has one.

    Raises:
        UserError: no such architecture, or weights that do not fit it exactly.
    """
    architecture = architecture_of(name, architecture)
    state = as_float32(weights.state_dict(name))
    if not classifier:
        heads = tuple(f"{head}." for head in _classifiers(architecture))
        state = {key: tensor for key, tensor in state.items() if not key.startswith(heads)}
    options = {"dynamic_img_size": True} if is_vit(architecture) else {}
    model = timm.create_model(architecture, pretrained=False, num_classes=count_classes(architecture, state), **options)
    load_weights(
        model,
        state,
        f"Weights {name!r}",
        "Name their architecture, e.g. --set METHOD.architecture=resnet18, or give other weights.",
        f"timm's {architecture}",
    )
    return model.eval().requires_grad_(False)


def architecture_of(name: str, architecture: str = "") -> str:
    """timm's architecture: the given one, or that of the weights name. Raises `UserError` if it is unknown."""
    if name == TINY_CNN.name and not architecture:
        return TINY_ARCHITECTURE
    found = architecture or name.partition(".")[0]
    if not timm.is_model(found):
        close = difflib.get_close_matches(found, timm.list_models(), n=1)
        raise UserError(
            f"{found!r} is not a timm architecture.{did_you_mean(found, close)} "
            f"Name the one of weights {name!r}, e.g. --set METHOD.architecture=resnet18."
        )
    return found


def is_vit(architecture: str) -> bool:
    """Whether timm builds a plain vision transformer under this name: a class token, patches, and blocks of one width."""
    return "vit" in architecture and is_model_in_modules(architecture, {"vision_transformer"})


def count_classes(architecture: str, state: Mapping[str, Tensor]) -> int:
    """Outputs of the classifier in a state dict of this timm architecture; 0 if it has none."""
    counts = [len(state[f"{head}.weight"]) for head in _classifiers(architecture) if f"{head}.weight" in state]
    return counts[0] if counts else 0


class FeatureMaps(nn.Module):  # type: ignore[misc]  # torch has no types here
    """Feature maps of some levels of a convolutional timm network. Nothing after the last of them is computed.

    Gradients reach the network if its weights require them; `load_backbone` gives a frozen one.

    Args:
        model: a network with `forward_intermediates`.
        levels: ascending indices of levels, 0 = the first, usually of stride 2; None = only the last level.

    Raises:
        UserError: the network has no such levels.
    """

    def __init__(self, model: nn.Module, levels: Sequence[int] | None = None) -> None:
        super().__init__()
        channels = _channels(model)
        levels = [len(channels) - 1] if levels is None else list(levels)
        if not levels or levels != sorted(set(levels)) or levels[-1] >= len(channels):
            raise UserError(
                f"levels = {tuple(levels)} must rise from 0 to at most {len(channels) - 1}, the last of this encoder."
            )
        self.model = model
        self.levels = levels
        self.widths = tuple(channels[level] for level in levels)

    def forward(self, images: Tensor) -> list[Tensor]:
        """(B, 3, H, W), normalised for the weights, to one (B, width, h, w) per level."""
        maps: list[Tensor] = self.model.forward_intermediates(
            images, indices=self.levels, intermediates_only=True, stop_early=True
        )
        return maps


def _classifiers(architecture: str) -> tuple[str, ...]:
    config = timm.get_pretrained_cfg(architecture)
    named = config.classifier if config else None
    return (named,) if isinstance(named, str) else tuple(named or ())


def _channels(model: nn.Module) -> list[int]:
    information = getattr(model, "feature_info", None)
    if information is None or not hasattr(model, "forward_intermediates"):
        raise UserError(f"{type(model).__name__} of timm has no feature levels: choose a convolutional network, e.g. a ResNet.")
    return [int(level["num_chs"]) for level in information]
