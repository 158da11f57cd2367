"""From the pixels of a batch to what a vision tower takes."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

Colour = tuple[float, float, float]


def to_images(pixels: np.ndarray, device: str | torch.device) -> Tensor:
    """(B, 3, H, W) uint8 to float32 in [0, 1]."""
    return torch.from_numpy(pixels).to(device).float() / 255


def standardised(images: Tensor, mean: Colour, std: Colour) -> Tensor:
    """(B, 3, H, W) images in [0, 1] less a mean, by a standard deviation; MVFA does without."""
    low, scale = (torch.tensor(values, device=images.device)[:, None, None] for values in (mean, std))
    return (images - low) / scale
