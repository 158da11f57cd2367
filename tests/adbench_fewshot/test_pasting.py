from __future__ import annotations

import numpy as np

from adbench_fewshot.pasting import paste_defects

NORMAL = np.full((2, 3, 32, 32), 10, np.uint8)


def test_pasted_pixels_are_the_defect_and_the_mask_says_where() -> None:
    abnormal = np.full((3, 3, 32, 32), 50, np.uint8)
    masks = np.zeros((3, 32, 32), bool)
    masks[:, 4:9, 20:25] = True
    abnormal[:, :, 4:9, 20:25] = 200
    images, places = paste_defects(NORMAL, abnormal, masks, 4, np.random.default_rng(0))
    assert images.shape == (12, 3, 32, 32)
    for image, place in zip(images, places, strict=True):
        assert 0 < place.sum() <= 25
        assert (image[:, place] == 200).all()
        assert (image[:, ~place] == 10).all()
    assert len({place.tobytes() for place in places}) > 6
    assert (NORMAL == 10).all()


def test_no_copies_and_empty_masks_give_nothing_to_learn() -> None:
    abnormal, masks = NORMAL.copy(), np.zeros((2, 32, 32), bool)
    images, places = paste_defects(NORMAL, abnormal, masks, 0, np.random.default_rng(0))
    assert images.shape == (0, 3, 32, 32)
    assert places.shape == (0, 32, 32)
    images, places = paste_defects(NORMAL, abnormal, masks, 1, np.random.default_rng(0))
    assert not places.any()
    np.testing.assert_array_equal(images, NORMAL)
