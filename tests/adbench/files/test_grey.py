from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adbench.files.grey import grey_levels, over_black, range_for, to_8_bit


@pytest.mark.parametrize(
    ("low", "high", "whole", "expected"),
    [
        (0, 65535, True, (0, 65535)),
        (0, 40000, True, (0, 65535)),
        (5, 4000, True, (0, 4095)),
        (0, 4096, True, (0, 8191)),
        (0, 1023, True, (0, 1023)),
        (0, 255, True, (0, 255)),
        (0, 1, True, (0, 1)),
        (0, 0.7, False, (0, 1)),
        (0, 3.5, False, (0, 7)),
        (0.4, 0.5, False, (0.4, 0.5)),  # 25 grey levels of [0, 1]
        (864, 1264, True, (864, 1264)),  # 50 grey levels of [0, 2047]: Hounsfield units plus 1024
        (600, 1264, True, (0, 2047)),  # 83 of them
        (-1024, 3071, True, (-1024, 3071)),
        (-0.5, 0.5, False, (-0.5, 0.5)),
        (500, 500, True, (0, 511)),
        (0, 0, True, (0, 1)),
        (-3, -3, True, (-3, -2)),
    ],
)
def test_the_range_that_is_shown(low: float, high: float, whole: bool, expected: tuple[float, float]) -> None:
    assert range_for(low, high, whole) == expected


def test_grey_levels_that_are_left() -> None:
    assert grey_levels((0, 4095), (0, 65535), True) == 16
    assert grey_levels((0, 4095), (0, 4095), True) == 256
    assert grey_levels((0, 9), (0, 9), True) == 10
    assert grey_levels((0.0, 0.5), (0, 1), False) == 128
    assert grey_levels((-1000, 3000), (0, 80), True) == 81
    assert grey_levels((100, 200), (0, 80), True) == 1


@given(st.integers(0, 255), st.sampled_from([10, 12, 16]))
def test_grey_of_8_bits_survives_more_bits(grey: int, bits: int) -> None:
    most = 2**bits - 1
    assert to_8_bit(np.array([round(grey * most / 255)]), 0, most) == grey
    assert abs(int(to_8_bit(np.array([grey * most // 255]), 0, most)[0]) - grey) <= 1


@given(st.floats(-1e6, 1e6), st.floats(1e-3, 1e6), st.lists(st.floats(-1e7, 1e7), min_size=1))
def test_what_is_higher_is_never_darker(low: float, width: float, values: list[float]) -> None:
    shown = to_8_bit(np.sort(np.array(values)), low, low + width)
    assert (np.diff(shown.astype(int)) >= 0).all()
    assert to_8_bit(np.array([low - 1, low + width + 1]), low, low + width).tolist() == [0, 255]


def test_nan_is_black() -> None:
    assert to_8_bit(np.array([np.nan, 1.0]), -5, 1).tolist() == [0, 255]


def test_alpha_of_16_bits() -> None:
    colour = np.array([[[65535, 1000, 0]]], np.uint16)
    np.testing.assert_array_equal(over_black(colour, np.array([[[32768]]], np.uint16), 65535), [[[32768, 500, 0]]])
