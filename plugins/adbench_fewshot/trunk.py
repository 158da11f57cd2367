"""DRA's trunk: a whole convolutional network up to its last feature map, trained with the heads."""

from __future__ import annotations

from torch import Tensor, nn

from adbench import Weights
from adbench_fewshot.resnet import ResNet18, widths_of
from adbench_nets import FeatureMaps, as_float32, load_backbone, load_weights

CLASSIFIER = "fc."


class Trunk(FeatureMaps):
    """The last feature map of a network of timm.

    Args:
        model: a network with `forward_intermediates`.
    """

    def __init__(self, model: nn.Module) -> None:
        super().__init__(model)
        self.width: int = self.widths[0]

    def forward(self, images: Tensor) -> Tensor:  # type: ignore[override]
        """(B, 3, H, W) to (B, width, h, w)."""
        return super().forward(images)[0]


def load_trunk(weights: Weights, name: str, architecture: str = "") -> ResNet18 | Trunk:
    """The network with these weights, ready for training.

    A ResNet-18 in torchvision's key names is recognised by its tensors; any other network is timm's.

    Raises:
        UserError: no such architecture, or weights that do not fit it.
    """
    state = as_float32(weights.state_dict(name))
    widths = None if architecture else widths_of(state)
    if widths is None:
        return Trunk(load_backbone(weights, name, architecture, classifier=False).train().requires_grad_(True))
    trunk = ResNet18(widths)
    convolutions = {key: tensor for key, tensor in state.items() if not key.startswith(CLASSIFIER)}
    load_weights(trunk, convolutions, f"Weights {name!r}", "Give those of a ResNet-18, or name their architecture.")
    return trunk
