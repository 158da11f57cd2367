from __future__ import annotations

import numpy as np
import torch
from torchvision.transforms.functional import normalize

from adbench_clip.parameters import CLIP_MEAN, CLIP_STD
from adbench_clip.pixels import standardised, to_images


def test_bytes_become_shares_of_white() -> None:
    pixels = np.array([0, 51, 255], np.uint8).reshape(1, 3, 1, 1)
    assert torch.allclose(to_images(pixels, "cpu").flatten(), torch.tensor([0.0, 0.2, 1.0]))


def test_standardised_as_torchvision_does_it() -> None:
    images = torch.rand(2, 3, 4, 4)
    torch.testing.assert_close(standardised(images, CLIP_MEAN, CLIP_STD), normalize(images, CLIP_MEAN, CLIP_STD))
