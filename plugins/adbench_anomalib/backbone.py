"""Frozen networks of timm cut at their layers, as anomalib's methods take them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from torch import Tensor, nn

from adbench import Context, ImageBatch, UserError, did_you_mean
from adbench_anomalib.models import TimmFeatureExtractor
from adbench_anomalib.parameters import BackboneParameters
from adbench_nets import architecture_of, load_backbone, to_input

MIDDLE_STRIDES = (8, 16)
FIRST_STRIDES = (4, 8, 16)
LAST_STRIDES = (8, 16, 32)


def choose_layers(model: nn.Module, wanted: Sequence[str], strides: Sequence[int] = MIDDLE_STRIDES) -> list[str]:
    """The modules to take features from: those named, or by default the levels at these strides.

    Raises:
        UserError: the network has no such module, or not exactly one level at each of the strides.
    """
    levels = {str(level["module"]): int(level["reduction"]) for level in getattr(model, "feature_info", ())}
    if not wanted:
        found = [name for name, stride in levels.items() if stride in strides]
        if sorted(levels[name] for name in found) != list(strides):
            raise UserError(
                f"This backbone does not have exactly one level at each of the strides {', '.join(map(str, strides))}: name its layers, e.g. "
                f"--set METHOD.layers={','.join(list(levels)[1:3]) or 'layer2,layer3'}."
            )
        return found
    modules = {name for name, _ in model.named_modules()}
    for name in wanted:
        if name not in modules:
            raise UserError(f"The backbone has no layer {name!r}.{did_you_mean(name, levels or modules)}")
    return list(wanted)


class MixedPrecision(nn.Module):
    """A feature extractor in the precision of the run; its features are returned as float32 for distances."""

    def __init__(self, extractor: nn.Module, ctx: Context) -> None:
        super().__init__()
        self.extractor = extractor
        self.ctx = ctx

    def forward(self, images: Tensor) -> dict[str, Tensor]:
        """(B, 3, S, S) to one (B, C, h, w) float32 per layer."""
        with self.ctx.autocast():
            features = self.extractor(images)
        return {layer: feature.float() for layer, feature in features.items()}


@contextmanager
def traced(architecture: str, layers: Sequence[str]) -> Iterator[None]:
    """Turn a failure of torch.fx, which cuts networks at their layers, into one sentence."""
    try:
        yield
    except Exception as error:  # torch.fx has no base class for tracing errors
        raise UserError(
            f"torch.fx cannot trace {architecture} to {', '.join(layers)}: choose another backbone or layers."
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


def backbone_input(batch: ImageBatch, parameters: BackboneParameters, device: str) -> Tensor:
    """Pixels as the backbone expects them, (B, 3, S, S) float32 on the device, (x / 255 - mean) / std."""
    pixels = batch.pixels(parameters.image_size, parameters.interpolation)
    return to_input(pixels, parameters.mean, parameters.std, device)
