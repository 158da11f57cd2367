"""Arrays of numpy (`.npy`): a grey picture, a picture in colour, or a volume."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from adbench.errors import UserError
from adbench.files.stored import Labels, Rule, Stored, Unreadable
from adbench.files.untrusted import open_regular

COLOURS = 3


def frames(path: Path, axis: int) -> int | None:
    """The slices of a volume along `axis`; None of a picture."""
    values = _opened(path)
    return values.shape[axis] if _is_volume(values) else None


def size(path: Path, frame: int | None, axis: int) -> tuple[int, int]:
    """(H, W)."""
    height, width = _picture(path, frame, axis).shape[:2]
    return height, width


def is_deep(path: Path) -> bool:
    """All types but uint8 and bool."""
    return _opened(path).dtype not in (np.uint8, np.bool_)


def stored(path: Path, frame: int | None, axis: int) -> Stored:
    """A picture, or the slice of a volume: its other two axes, in their order. bool becomes black and white."""
    values = np.array(_picture(path, frame, axis))
    if values.dtype == np.bool_:
        values = values.astype(np.uint8) * 255
    return Stored(values)


def labels(path: Path, frame: int | None, axis: int) -> Labels:
    """A mask; several labels are allowed in a volume."""
    values = np.array(_picture(path, frame, axis))
    if values.ndim == 3:
        raise UserError(f"The mask {path} is in colour, {_shape(values)}: save it as (height, width).")
    return Labels(values, Rule.TWO_VALUED if frame is None else Rule.LABELS)


def check(path: Path) -> None:
    """By its header: mapping it fails where bytes lack."""
    _opened(path)


def _opened(path: Path) -> np.ndarray:
    """The array, of which nothing is read yet, without axes of length 1 at its end."""
    try:
        with open_regular(path):  # numpy maps it by its path
            values = np.load(path, mmap_mode="r", allow_pickle=False)
    except OSError:
        raise
    except Exception as error:  # numpy has Python's parsers look at the header, which raise this and that
        raise Unreadable(" ".join(str(error).split()) or type(error).__name__) from error
    if not isinstance(values, np.ndarray):  # a zip archive of arrays under this name
        raise Unreadable("it holds several arrays")
    while values.ndim > 2 and values.shape[-1] == 1:
        values = values[..., 0]
    if values.dtype.kind not in "biuf" or values.ndim not in (2, 3) or 0 in values.shape:
        raise UserError(
            f"{path} holds {values.dtype} of shape {_shape(values)}: save whole or floating-point numbers as (height, width), "
            "(height, width, 3), or as a volume of three axes."
        )
    if values.ndim == 3 and values.shape[0] == COLOURS and COLOURS not in values.shape[1:]:
        raise UserError(
            f"{path} is {_shape(values)}, colour with the channels first or a volume of 3 slices: save colour as "
            "(height, width, 3), or each slice as a file of its own."
        )
    return values


def _is_volume(values: np.ndarray) -> bool:
    return values.ndim == 3 and values.shape[2] != COLOURS


def _picture(path: Path, frame: int | None, axis: int) -> np.ndarray:
    values = _opened(path)
    if not _is_volume(values):
        return values
    if frame is None:
        raise UserError(f"{path} is a volume of {values.shape[axis]} slices: a set must say which of them an image is.")
    if frame >= values.shape[axis]:
        raise Unreadable(f"it has {values.shape[axis]} slices, none of number {frame + 1}")
    return np.moveaxis(values, axis, 0)[frame]


def _shape(values: np.ndarray) -> str:
    return " x ".join(map(str, values.shape))
