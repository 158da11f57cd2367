"""Frozen timm networks: built from resolved weights, never with weights that timm fetches itself."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import timm
import torch
from timm.models import is_model_in_modules
from torch import Tensor, nn

from adbench import Context, ImageBatch, UserError, Weights, did_you_mean
from adbench_anomalib.models import TimmFeatureExtractor
from adbench_anomalib.parameters import TINY_CNN, BackboneParameters

TINY_ARCHITECTURE = "test_resnet"
MIDDLE_STRIDES = (8, 16)
FIRST_STRIDES = (4, 8, 16)
LAST_STRIDES = (8, 16, 32)


def load_backbone(weights: Weights, name: str, architecture: str = "") -> nn.Module:
    """Build the network that a weights name stands for, in evaluation mode and without gradients.

    Args:
        weights: the resolver.
        name: `tiny-cnn`, a name of timm with or without its tag, or any other name together with `architecture`.
        architecture: of timm; "" = as the name says.

    Raises:
        UserError: no such architecture, or weights that do not fit it to the last tensor.
    """
    architecture = architecture_of(name, architecture)
    stored = weights.state_dict(name)
    state = {key: tensor.float() if tensor.is_floating_point() else tensor for key, tensor in stored.items()}
    options = {"dynamic_img_size": True} if is_vit(architecture) else {}
    model = timm.create_model(architecture, pretrained=False, num_classes=count_classes(architecture, state), **options)
    try:
        model.load_state_dict(state, strict=True)
    except RuntimeError as error:
        lines = str(error).splitlines()  # the first says only that there are errors
        reason = (lines[1:] or lines)[0].strip()[:200]
        raise UserError(
            f"Weights {name!r} do not fit timm's {architecture} ({reason}): name the architecture that they are of, "
            "e.g. --set METHOD.architecture=resnet18, or give other weights."
        ) from error
    return model.eval().requires_grad_(False)


def architecture_of(name: str, architecture: str = "") -> str:
    """timm's architecture: the one that is named, or what the weights name says. Raises `UserError` where it is unknown."""
    if name == TINY_CNN and not architecture:
        return TINY_ARCHITECTURE
    found = architecture or name.partition(".")[0]
    if not timm.is_model(found):
        close = difflib.get_close_matches(found, timm.list_models(), n=1)
        raise UserError(
            f"{found!r} is no architecture of timm.{did_you_mean(found, close)} "
            f"Name the one that weights {name!r} are of, e.g. --set METHOD.architecture=resnet18."
        )
    return found


def is_vit(architecture: str) -> bool:
    """Whether anomalib's extractor reads the blocks of this network as those of a plain vision transformer."""
    return "vit" in architecture and is_model_in_modules(architecture, {"vision_transformer"})


def count_classes(architecture: str, state: Mapping[str, Tensor]) -> int:
    """Outputs of the classifier in a state dict; 0 where it holds none."""
    config = timm.get_pretrained_cfg(architecture)
    classifier = config.classifier if config else None
    weight = state.get(f"{classifier}.weight")
    return 0 if weight is None else weight.shape[0]


def choose_layers(model: nn.Module, wanted: Sequence[str], strides: Sequence[int] = MIDDLE_STRIDES) -> list[str]:
    """The modules to take features from: those wanted, or, where none is named, the levels at these strides.

    Raises:
        UserError: the network has no such module, or not exactly one level at each of the strides.
    """
    levels = {str(level["module"]): int(level["reduction"]) for level in getattr(model, "feature_info", ())}
    if not wanted:
        found = [name for name, stride in levels.items() if stride in strides]
        if sorted(levels[name] for name in found) != list(strides):
            raise UserError(
                f"This backbone has not one level at each of the strides {', '.join(map(str, strides))}: name its layers, e.g. "
                f"--set METHOD.layers={','.join(list(levels)[1:3]) or 'layer2,layer3'}."
            )
        return found
    modules = {name for name, _ in model.named_modules()}
    for name in wanted:
        if name not in modules:
            raise UserError(f"The backbone has no layer {name!r}.{did_you_mean(name, levels or modules)}")
    return list(wanted)


class MixedPrecision(nn.Module):
    """A feature extractor in the precision of the run; its features leave as float32, in which distances are taken."""

    def __init__(self, extractor: nn.Module, ctx: Context) -> None:
        super().__init__()
        self.extractor = extractor
        self.ctx = ctx

    def forward(self, images: Tensor) -> dict[str, Tensor]:
        """(B, 3, S, S) to one (B, C, h, w) float32 a layer."""
        with self.ctx.autocast():
            features = self.extractor(images)
        return {layer: feature.float() for layer, feature in features.items()}


@contextmanager
def traced(architecture: str, layers: Sequence[str]) -> Iterator[None]:
    """Say in one sentence that torch.fx, which cuts networks at their layers, cannot follow this one."""
    try:
        yield
    except Exception as error:  # torch.fx has no base class for what it cannot trace
        raise UserError(
            f"torch.fx cannot follow {architecture} to {', '.join(layers)}: choose another backbone or layers."
        ) from error


def cut_backbone(parameters: BackboneParameters, ctx: Context, strides: Sequence[int]) -> TimmFeatureExtractor:
    """A frozen convolutional backbone that gives the features of its layers, as anomalib's methods take them.

    Raises:
        UserError: weights, architecture or layers that do not go together, or a network that cannot be cut.
    """
    backbone = load_backbone(ctx.weights, parameters.backbone, parameters.architecture)
    architecture = architecture_of(parameters.backbone, parameters.architecture)
    layers = choose_layers(backbone, parameters.layers, strides)
    with traced(architecture, layers):
        return TimmFeatureExtractor(backbone, layers)


def to_input(batch: ImageBatch, parameters: BackboneParameters, device: str) -> Tensor:
    """Pixels as the backbone wants them.

    Returns:
        (B, 3, S, S) float32 on the device, (x / 255 - mean) / std.
    """
    pixels = torch.from_numpy(batch.pixels(parameters.image_size, parameters.interpolation)).to(device)
    mean, std = (torch.tensor(values, device=device)[:, None, None] for values in (parameters.mean, parameters.std))
    return (pixels.float() / 255 - mean) / std
