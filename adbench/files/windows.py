"""Windows: what part of the values of CT, and of other images of more than 8 bits, becomes black to white."""

from __future__ import annotations

import math
from collections.abc import Iterable

from adbench.errors import UserError, did_you_mean

# Centre and width in Hounsfield units: the usual settings of radiology, as Radiopaedia's article "Windowing (CT)" lists them.
CT_WINDOWS: dict[str, tuple[float, float]] = {
    "bone": (400, 1800),
    "brain": (40, 80),
    "liver": (30, 150),
    "lung": (-600, 1500),
    "mediastinum": (50, 350),
}
VOI = "voi"
PERCENTILE = "percentile"
# The percentiles of the values that the window of this name spans.
PERCENTILES = (0.5, 99.5)


def read_window(window: str) -> str:
    """A window as a user writes it, checked. Raises `UserError` naming the choices where there is no such window."""
    window = window.strip().lower()
    if window not in ("", VOI, PERCENTILE):
        window_range(window)
    return window


def window_range(window: str) -> tuple[float, float]:
    """The values that a named window, or `CENTRE:WIDTH`, shows as black and as white. Raises as `read_window` does."""
    if window in CT_WINDOWS:
        centre, width = CT_WINDOWS[window]
    else:
        try:
            centre, width = (float(part) for part in window.split(":"))
        except ValueError:
            centre = width = math.nan
    low, high = centre - width / 2, centre + width / 2
    if not low < high or math.isinf(high - low):
        raise UserError(
            f"--window {window!r} is no window: give a name, or CENTRE:WIDTH with a width above 0, e.g. 40:400."
            f"{did_you_mean(window, (*CT_WINDOWS, VOI, PERCENTILE))}"
        )
    return low, high


def read_bounds(given: str | Iterable[float]) -> tuple[float, float]:
    """`LOW:HIGH`, or two numbers, to (low, high). Raises `ValueError` where they are not two finite ones, the lower first."""
    try:
        low, high = (float(part) for part in (given.split(":") if isinstance(given, str) else given))
    except (TypeError, ValueError):
        low = high = math.nan
    if not low < high or math.isinf(high - low):
        raise ValueError(f"{given!r} is not LOW:HIGH with two numbers, the lower first")
    return low, high


def check_axis(axis: int) -> None:
    """Raises `UserError` where a volume has no such axis."""
    if axis not in (0, 1, 2):
        raise UserError(f"--axis {axis} is none of 0, 1 and 2, the axes of a volume.")
