"""From the pixels of a batch to the input of a network."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from adbench_nets.colours import Colour


def to_images(pixels: np.ndarray, device: str | torch.device = "cpu") -> Tensor:
    """(B, 3, H, W) uint8, as from `ImageBatch.pixels`, to float32 in [0, 1] on the device."""
    return torch.from_numpy(pixels).to(device).float() / 255


def standardised(images: Tensor, mean: Colour, std: Colour) -> Tensor:
    """(B, 3, H, W) images in [0, 1] to (x - mean) / std, channel by channel."""
    low, scale = (torch.tensor(values, device=images.device)[:, None, None] for values in (mean, std))
    return (images - low) / scale


def to_input(pixels: np.ndarray, mean: Colour, std: Colour, device: str | torch.device = "cpu") -> Tensor:
    """(B, 3, H, W) uint8 to float32 on the device, (x / 255 - mean) / std."""
    return standardised(to_images(pixels, device), mean, std)
