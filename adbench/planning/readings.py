"""What users write to say how files are to be read."""

from __future__ import annotations

from adbench.errors import UserError
from adbench.files.windows import read_bounds

Range = tuple[float, float]


def read_range(value: str | Range | None) -> Range | None:
    """`"0:4095"` or a pair to (low, high). Raises `UserError` where it is not two numbers, the lower first."""
    if value is None or not isinstance(value, str):
        return value
    try:
        return read_bounds(value)
    except ValueError:
        raise UserError(
            f"--range {value!r} is not of the form LOW:HIGH with two numbers, the lower first, e.g. 0:4095."
        ) from None
