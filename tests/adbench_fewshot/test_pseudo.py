from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from adbench_fewshot.pseudo import Patch, box_at, cut_mix, draw_patch, patch_size, rotate


@settings(max_examples=60, deadline=None)
@given(side=st.integers(32, 300), seed=st.integers(0, 10**6))
def test_patches_lie_in_the_image_and_have_the_area_asked_for(side: int, seed: int) -> None:
    patch = draw_patch(side, np.random.default_rng(seed))
    sizes = set()
    for left, top, right, bottom in (patch.source, patch.target):
        assert 0 <= left < right <= side
        assert 0 <= top < bottom <= side
        sizes.add((right - left, bottom - top))
    assert len(sizes) == 1
    width, height = sizes.pop()
    assert 0.01 < width * height / side**2 < 0.2
    assert sorted(index for index, _ in patch.jitter) == [0, 1, 2, 3]


def test_the_aspect_is_width_over_height() -> None:
    assert patch_size(400, 4) == (40, 10)
    assert box_at((40, 10), 3.9, 7.2) == (7, 3, 47, 13)


def test_a_piece_is_copied_and_all_else_stays() -> None:
    image = np.random.default_rng(0).integers(0, 255, (3, 40, 40), np.uint8)
    before = image.copy()
    mixed = cut_mix(image, Patch((1, 2, 11, 8), (20, 30, 30, 36), ()))
    np.testing.assert_array_equal(mixed[:, 30:36, 20:30], image[:, 2:8, 1:11])
    mixed = mixed.copy()
    mixed[:, 30:36, 20:30] = image[:, 30:36, 20:30]
    np.testing.assert_array_equal(mixed, image)
    np.testing.assert_array_equal(image, before)


def test_jitter_changes_the_piece_only_a_little() -> None:
    image = np.full((3, 40, 40), 100, np.uint8)
    mixed = cut_mix(image, Patch((0, 0, 9, 9), (20, 20, 29, 29), ((0, 1.1),)))
    assert (mixed[:, 20:29, 20:29] == 110).all()


def test_rotation_turns_counter_clockwise_with_black_corners() -> None:
    image = np.random.default_rng(0).integers(1, 255, (3, 16, 16), np.uint8)
    np.testing.assert_array_equal(rotate(image, 90), np.rot90(image, axes=(1, 2)))
    assert (rotate(image, 45)[:, 0, 0] == 0).all()
