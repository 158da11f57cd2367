"""From the pixels of a batch to what a vision tower takes."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

CLIP_MEAN = (0.48145466, 0.4578275, 0.40821073)
CLIP_STD = (0.26862954, 0.26130258, 0.27577711)


def to_images(pixels: np.ndarray, device: str | torch.device) -> Tensor:
    """(B, 3, H, W) uint8 to float32 in [0, 1]."""
    return torch.from_numpy(pixels).to(device).float() / 255


def standardised(images: Tensor) -> Tensor:
    """Images in [0, 1] less the mean of CLIP's training images, by their standard deviation; MVFA does without."""
    mean, std = (torch.tensor(values, device=images.device)[:, None, None] for values in (CLIP_MEAN, CLIP_STD))
    return (images - mean) / std
