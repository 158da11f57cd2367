from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from scipy.ndimage import map_coordinates

from adbench_mvfa.augment import ANGLES, SHIFTS, VIEWS, augment


def test_eleven_views_the_originals_first_the_flips_last() -> None:
    images = torch.rand(3, 3, 8, 8)
    views, masks = augment(images, (images[:, :1] > 0.5).float())
    assert views.shape == (33, 3, 8, 8)
    assert masks.shape == (33, 1, 8, 8)
    assert VIEWS == 11
    assert torch.equal(views[:3], images)
    assert torch.equal(views[27:30], images.flip(3))
    assert torch.equal(views[30:], images.flip(2))


@pytest.mark.parametrize("view", range(1, 9))
def test_warps_sample_where_the_matrix_points(view: int) -> None:
    """scipy's interpolation, in the middle of the image where no border matters."""
    side = 31
    image = torch.rand(1, 3, side, side, generator=torch.Generator().manual_seed(3))
    centres = (2 * np.arange(side) + 1) / side - 1
    y, x = np.meshgrid(centres, centres, indexing="ij")
    if view <= 4:
        angle = ANGLES[view - 1]
        from_x, from_y = math.cos(angle) * x - math.sin(angle) * y, math.sin(angle) * x + math.cos(angle) * y
    else:
        shift = SHIFTS[view - 5]
        from_x, from_y = x + shift[0], y + shift[1]
    rows, columns = (((source + 1) * side - 1) / 2 for source in (from_y, from_x))
    expected = map_coordinates(image[0, 0].numpy(), [rows, columns], order=1)
    middle = slice(6, -6)
    np.testing.assert_allclose(augment(image)[0][view, 0].numpy()[middle, middle], expected[middle, middle], atol=1e-5)


def test_without_masks_there_are_empty_ones() -> None:
    _, masks = augment(torch.rand(2, 3, 5, 7))
    assert masks.shape == (22, 1, 5, 7)
    assert not masks.any()
