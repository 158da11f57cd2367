"""ResNet-18 without its classifier, in torchvision's key names and of any widths, trained as a whole by DRA."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch.nn.functional as F
from torch import Tensor, nn

STAGES = 4
BLOCKS = 2


class BasicBlock(nn.Module):
    """Two 3x3 convolutions and a shortcut (He et al., CVPR 2016, figure 2)."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.downsample: nn.Module = nn.Identity()
        if stride != 1 or inputs != outputs:
            self.downsample = nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))

    def forward(self, x: Tensor) -> Tensor:
        """(B, inputs, H, W) to (B, outputs, ceil(H / stride), ceil(W / stride))."""
        y = F.relu(self.bn1(self.conv1(x)))
        return F.relu(self.bn2(self.conv2(y)) + self.downsample(x))


class ResNet18(nn.Module):
    """The convolutional part of ResNet-18.

    Args:
        widths: channels of the stem and of the four stages, (64, 64, 128, 256, 512) in the paper.
    """

    def __init__(self, widths: Sequence[int]) -> None:
        super().__init__()
        self.width = widths[-1]
        self.conv1 = nn.Conv2d(3, widths[0], 7, 2, padding=3, bias=False)
        self.bn1 = nn.BatchNorm2d(widths[0])
        for stage in range(1, STAGES + 1):
            first = BasicBlock(widths[stage - 1], widths[stage], 1 if stage == 1 else 2)
            self.add_module(f"layer{stage}", nn.Sequential(first, BasicBlock(widths[stage], widths[stage], 1)))

    def forward(self, images: Tensor) -> Tensor:
        """(B, 3, H, W) to (B, width, ceil(H / 32), ceil(W / 32))."""
        x = F.max_pool2d(F.relu(self.bn1(self.conv1(images))), 3, 2, padding=1)
        for stage in range(1, STAGES + 1):
            x = self.get_submodule(f"layer{stage}")(x)
        return x


def widths_of(state: Mapping[str, Tensor]) -> tuple[int, ...] | None:
    """The widths of a ResNet-18 in torchvision's key names, or None if the state is of another network."""
    last = [f"layer{stage}.{BLOCKS - 1}.bn2.weight" for stage in range(1, STAGES + 1)]
    stem = state.get("conv1.weight")
    deeper = any(f"layer{stage}.{BLOCKS}.bn1.weight" in state for stage in range(1, STAGES + 1))
    if stem is None or stem.shape[2:] != (7, 7) or deeper or "layer1.0.conv3.weight" in state:
        return None
    if not all(key in state for key in last):
        return None
    return (stem.shape[0], *(state[key].shape[0] for key in last))
