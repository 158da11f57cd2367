"""NIfTI, by nibabel: slices of volumes, which lie as the patient does.

Whatever the order in which a file stores them, axis 0 leads from the patient's left to the right, axis 1 from the back to the
front and axis 2 from the feet to the head (the closest "RAS+" orientation). Slices are counted in that direction. Of the two
axes of a slice the first leads to the right of the picture and the second up.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from adbench.errors import UserError
from adbench.files.stored import Labels, Rule, Stored, Unreadable
from adbench.files.suffixes import COMPRESSED, suffix_of

# How much of unpacked volumes is kept in memory: to read a slice, all of a compressed file must be unpacked.
KEPT_BYTES = 512 << 20


def frames(path: Path, axis: int) -> int | None:
    """The slices along `axis`; None where it is one."""
    count = _opened(path).shape[axis]
    return count if count > 1 else None


def size(path: Path, frame: int | None, axis: int) -> tuple[int, int]:
    """(H, W) of a slice."""
    del frame
    across, up = (length for number, length in enumerate(_opened(path).shape) if number != axis)
    return up, across


def is_deep(path: Path) -> bool:
    """All but unsigned bytes that nothing rescales."""
    volume = _opened(path)
    return volume.proxy.dtype != np.uint8 or volume.scaling != (1, 0)


def stored(path: Path, frame: int | None, axis: int) -> Stored:
    """A slice, after the slope and the intercept of the file."""
    return Stored(_slice(path, frame, axis))


def labels(path: Path, frame: int | None, axis: int) -> Labels:
    """A slice of a segmentation: any value but 0 counts."""
    return Labels(_slice(path, frame, axis), Rule.LABELS)


def check(path: Path) -> None:
    """By unpacking it, where it is compressed, else by its length."""
    volume = _opened(path)
    if volume.compressed:
        _unpacked(path, volume)
        return
    needed = volume.proxy.offset + int(np.prod(volume.proxy.shape, dtype=np.int64)) * volume.proxy.dtype.itemsize
    if path.stat().st_size < needed:
        raise Unreadable(f"it has {path.stat().st_size} bytes instead of {needed}")


@dataclass(frozen=True)
class _Volume:
    """A file of which nothing but the header was read.

    Attributes:
        proxy: nibabel's access to its values.
        shape: lengths of the patient's axes.
        places: of each axis of the patient, which axis of the file it is, and whether that runs the other way.
        scaling: slope and intercept.
    """

    proxy: Any
    shape: tuple[int, ...]
    places: tuple[tuple[int, bool], ...]
    scaling: tuple[float, float]
    compressed: bool


def _opened(path: Path) -> _Volume:
    try:
        import nibabel
    except ImportError:
        raise UserError(f"{path} is NIfTI: `pip install 'adbench-vision[medical]'` makes it readable.") from None
    try:
        image = nibabel.load(path)
        proxy = image.dataobj
        stored_axes = nibabel.orientations.io_orientation(image.affine)
    except OSError:
        raise
    except Exception as error:  # a damaged header ends in errors of every kind
        raise Unreadable(" ".join(str(error).split()) or type(error).__name__) from error
    shape = proxy.shape
    if len(shape) < 2 or 0 in shape or any(length != 1 for length in shape[3:]):
        raise UserError(
            f"{path} has the shape {' x '.join(map(str, shape))}: save each volume of three axes as a file of its own."
        )
    if proxy.dtype.kind not in "iuf":
        raise UserError(f"{path} holds {proxy.dtype}: save whole or floating-point numbers.")
    if np.isnan(stored_axes).any():
        raise Unreadable("its affine does not say how it lies")
    places = [(0, False)] * 3
    for number, (axis, direction) in enumerate(stored_axes):
        places[int(axis)] = (number, direction < 0)
    lengths = (*shape, 1)[:3]
    return _Volume(
        proxy,
        tuple(lengths[number] for number, _ in places),
        tuple(places),
        (float(proxy.slope), float(proxy.inter)),
        suffix_of(path).endswith(COMPRESSED),
    )


def _slice(path: Path, frame: int | None, axis: int) -> np.ndarray:
    """(H, W) in the patient's orientation."""
    volume = _opened(path)
    count = volume.shape[axis]
    if frame is None and count > 1:
        raise UserError(f"{path} is a volume of {count} slices: a set must say which of them an image is.")
    frame = frame or 0
    if frame >= count:
        raise Unreadable(f"it has {count} slices, none of number {frame + 1}")
    number, reverse = volume.places[axis]
    wanted: list[slice | int] = [slice(None)] * 3 + [0] * (len(volume.proxy.shape) - 3)
    wanted[number] = slice(count - 1 - frame, count - frame) if reverse else slice(frame, frame + 1)
    part = tuple(wanted[: len(volume.proxy.shape)])
    if volume.compressed:
        slope, intercept = volume.scaling
        plane = _unpacked(path, volume)[part]
        plane = plane if (slope, intercept) == (1, 0) else plane * np.float64(slope) + intercept
    else:
        plane = _guarded(lambda: np.asarray(volume.proxy[part]))
    plane = plane.reshape((*plane.shape, 1)[:3])
    plane = plane.transpose([place for place, _ in volume.places])
    plane = plane[tuple(slice(None, None, -1 if turned else 1) for _, turned in volume.places)]
    return np.ascontiguousarray(plane.squeeze(axis).T[::-1])


def _unpacked(path: Path, volume: _Volume) -> np.ndarray:
    """All values of a compressed file, before slope and intercept."""
    facts = path.stat()
    return _RECENT.get(
        (str(path), facts.st_size, facts.st_mtime_ns), lambda: _guarded(lambda: np.asarray(volume.proxy.get_unscaled()))
    )


def _guarded(read: Callable[[], np.ndarray]) -> np.ndarray:
    try:
        return read()
    except Exception as error:  # zlib, gzip and nibabel have errors of their own
        raise Unreadable(" ".join(str(error).split()) or type(error).__name__) from error


class _Recent:
    """The arrays that were used last, up to a number of bytes; each is made once, whoever asks."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._kept: OrderedDict[tuple, np.ndarray] = OrderedDict()
        self._making: dict[tuple, threading.Lock] = {}
        self._lock = threading.Lock()

    def get(self, key: tuple, make: Callable[[], np.ndarray]) -> np.ndarray:
        with self._lock:
            making = self._making.setdefault(key, threading.Lock())
        with making:
            with self._lock:
                if key in self._kept:
                    self._kept.move_to_end(key)
                    return self._kept[key]
            made = make()
            with self._lock:
                self._kept[key] = made
                while len(self._kept) > 1 and sum(array.nbytes for array in self._kept.values()) > self._most:
                    self._kept.popitem(last=False)
            return made


_RECENT = _Recent(KEPT_BYTES)
