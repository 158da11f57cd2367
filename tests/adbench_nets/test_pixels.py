from __future__ import annotations

import numpy as np
import torch
from torchvision.transforms.functional import normalize

from adbench_nets import CLIP_MEAN, CLIP_STD, IMAGENET_MEAN, IMAGENET_STD, standardised, to_images, to_input


def test_bytes_become_shares_of_white() -> None:
    pixels = np.array([0, 51, 255], np.uint8).reshape(1, 3, 1, 1)
    assert torch.allclose(to_images(pixels, "cpu").flatten(), torch.tensor([0.0, 0.2, 1.0]))


def test_standardised_as_torchvision_does_it() -> None:
    images = torch.rand(2, 3, 4, 4)
    torch.testing.assert_close(standardised(images, CLIP_MEAN, CLIP_STD), normalize(images, CLIP_MEAN, CLIP_STD))


def test_both_in_one_step() -> None:
    images = to_input(np.full((1, 3, 2, 2), 255, np.uint8), IMAGENET_MEAN, IMAGENET_STD)
    torch.testing.assert_close(images[0, :, 0, 0], torch.tensor([(1 - 0.485) / 0.229, (1 - 0.456) / 0.224, (1 - 0.406) / 0.225]))
