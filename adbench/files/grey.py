"""Values of any range to what can be shown."""

from __future__ import annotations

import math

import numpy as np

Range = tuple[float, float]

# A nominal range that leaves fewer grey levels than this between the lowest and the highest value is not taken.
FEW_LEVELS = 64


def range_for(low: float, high: float, whole: bool) -> Range:
    """The values to show as black and as white, of images whose values lie between `low` and `high`.

    The nominal range, 0 to 2^b - 1 with the smallest b that holds `high`, so that the 12 bits of a scanner are shown alike
    whatever the image; of numbers with fractions up to 1, 0 to 1. Where values are negative, or where that would leave fewer
    than `FEW_LEVELS` grey levels between `low` and `high`, from `low` to `high`.

    Args:
        whole: all values are whole numbers.
    """
    if low >= 0:
        bits = max(math.ceil(high).bit_length(), 1)
        nominal = (0.0, 1.0) if high <= 1 and not whole else (0.0, float(2**bits - 1))
        if low == high or grey_levels((low, high), nominal, whole) >= FEW_LEVELS:
            return nominal
    return (low, high) if low < high else (low, low + 1)


def grey_levels(values: Range, shown: Range, whole: bool) -> int:
    """How many of 256 grey levels values from one range can take, when another is shown from black to white."""
    low, high = (min(max(value, shown[0]), shown[1]) for value in values)
    levels = math.floor((high - low) * 255 / (shown[1] - shown[0])) + 1
    return min(levels, math.floor(high - low) + 1) if whole else levels


def to_8_bit(values: np.ndarray, low: float, high: float) -> np.ndarray:
    """Linearly, `low` to 0 and `high` to 255, what lies beyond cut off, halves rounded up, NaN to 0; uint8 of the same shape."""
    scaled = (values.astype(np.float64) - low) * 255 / (high - low)
    return np.floor(np.nan_to_num(np.clip(scaled, 0, 255)) + 0.5).astype(np.uint8)


def as_rgb(shown: np.ndarray) -> np.ndarray:
    """(H, W) or (H, W, 3) uint8 to (H, W, 3): grey is repeated."""
    return np.repeat(shown[:, :, None], 3, axis=2) if shown.ndim == 2 else shown


def over_black(colour: np.ndarray, alpha: np.ndarray, most: int) -> np.ndarray:
    """Colour times alpha over black, rounded. (H, W, C) and (H, W, 1) unsigned integers up to `most`, the same type back."""
    product = colour.astype(np.uint64) * alpha
    return ((product + most // 2) // most).astype(colour.dtype)
