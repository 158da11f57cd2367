"""Image and mask files of all formats to arrays, with errors that name the file."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from adbench.errors import UserError
from adbench.files import dicom, nifti
from adbench.files.formats import format_of, reading
from adbench.files.grey import Range, as_rgb, range_for, to_8_bit
from adbench.files.stored import Labels, Rule, Stored
from adbench.files.windows import VOI, window_range

# Raise it when the same file gives other pixels: decoded images are then made anew.
READER_VERSION = 3  # 2: EXIF orientation is applied; 3: to masks as well, and values of more than 8 bits are shown by their range
# A JPEG mask rings around its edges: grey values this far from black and white are still one of the two ...
JPEG_TOLERANCE = 64
# ... and so many of its pixels may be further away than that.
JPEG_DOUBTFUL = 0.01


def read_image(path: Path, frame: int | None = None, levels: Range | None = None, window: str = "", axis: int = 2) -> np.ndarray:
    """Read an image as (H, W, 3) uint8, RGB.

    - Pixels of 8 bits are kept. Grey is repeated three times, palettes are looked up, 1 bit becomes 0 and 255.
    - Values of any other depth are shown linearly, from black to white, between two values; what lies beyond is cut off. In
      DICOM and NIfTI these are the values after the file's slope and intercept.
    - Transparency (alpha, a transparent palette entry or colour) is composited over black.
    - An image is turned as its EXIF orientation says, which is how viewers and the tools that masks are drawn with show it.

    Args:
        path: of any suffix in `adbench.files.suffixes.IMAGE_SUFFIXES`, or a DICOM file of any name.
        frame: which slice, page or frame, from 0. Without it the first page of a TIFF is read; of a volume there must be one.
        levels: the values that become black and white. None: as `adbench.files.grey.range_for` has it for this picture alone;
            a set gives those of all its images.
        window: what to show instead: see `adbench.files.windows`. `voi` is what each DICOM file says.
        axis: along which axis of a volume its slices lie, 0 to 2.

    Raises:
        UserError: the file is missing, unreadable or cut off, holds NaN or infinity, or does not say its window.
    """
    picture = read_stored(path, frame, axis)
    values = picture.values
    if values.dtype == np.uint8:
        return as_rgb(255 - values if picture.inverted else values)
    if window == VOI and levels is None:
        return as_rgb(_as_the_file_says(path, frame))
    if levels is None:
        levels = window_range(window) if window else _own_range(values)
    shown = to_8_bit(values, *levels)
    return as_rgb(255 - shown if picture.inverted else shown)


def read_stored(path: Path, frame: int | None, axis: int) -> Stored:
    """A picture as its file holds it. Raises `UserError` as `read_image` does.

    In NIfTI, NaN is where there is no value, as programs write it that move a volume: it may be there, and is shown as black.
    """
    kind = format_of(path)
    with reading(path, "image"):
        picture = kind.stored(path, frame, axis)
    if picture.values.dtype.kind == "f" and (
        np.isinf(picture.values).any() or (kind is not nifti and np.isnan(picture.values).any())
    ):
        raise UserError(f"The image {path} holds NaN or infinite values: replace them by numbers.")
    return picture


def read_mask(
    path: Path,
    size: tuple[int, int],
    frame: int | None = None,
    axis: int = 2,
    values: frozenset[int] = frozenset(),
    labels: bool = False,
) -> np.ndarray:
    """Read the mask of an image of `size` (H, W) as (H, W) bool, True = anomalous.

    A mask holds 0 and at most one other grey value: {0}, {0, 1}, {0, 255}, {0, v} or {v} alone. Colours and palettes
    count by their grey value, transparency as black. A JPEG mask is cut at 128, as long as 99 % of its pixels are within
    64 of black or white (and a white one is among them, unless all are 0). In a volume (NIfTI, a DICOM file of several
    frames, an array of three axes) any value but 0 is anomalous: segmentations have several labels.

    Args:
        path: as for `read_image`.
        size: of the image.
        frame: which slice, page or frame; that of the image.
        axis: as for `read_image`.
        values: those that mark a lesion, in a mask that may hold others; a JPEG, which keeps no values, may not.
        labels: any value but 0 marks a lesion, whatever the format.

    Raises:
        UserError: the mask is missing, unreadable, of another size, or not two-valued.
    """
    if not path.is_file():
        raise UserError(f"The mask {path} is missing: add it, or remove its image.")
    with reading(path, "mask"):
        mask = format_of(path).labels(path, frame, axis)
    if mask.values.shape != tuple(size):
        raise UserError(
            f"The mask {path} is {_size(mask.values.shape)} pixels, but its image is {_size(size)}: both must have one size."
        )
    if mask.values.dtype.kind == "f" and not np.isfinite(mask.values).all():
        raise UserError(f"The mask {path} holds NaN or infinite values: replace them by numbers.")
    if mask.rule is Rule.JPEG:
        return _two_valued_jpeg(mask.values, path)
    if values:
        return np.isin(mask.values, sorted(values))
    if mask.rule is Rule.TWO_VALUED and not labels:
        _check_two_valued(mask, path)
    return np.asarray(mask.values != 0)


def frames(path: Path, axis: int = 2) -> int | None:
    """How many pictures a file holds, slices of a volume or pages; None where it holds a single one. From its header alone.

    Animations (GIF, WebP, PNG) count as one picture, their first. Raises `UserError` where the file cannot be read.
    """
    with reading(path, "image"):
        return format_of(path).frames(path, axis)


def image_size(path: Path, frame: int | None = None, axis: int = 2) -> tuple[int, int]:
    """(H, W) of an image as `read_image` gives it, from its header alone. Raises `UserError` as that does."""
    with reading(path, "image"):
        return format_of(path).size(path, frame, axis)


def check_whole(path: Path) -> None:
    """Look whether all of an image file is there, as cheaply as its format allows, all its pages and frames included.

    A PNG by its checksums, a JPEG by its end, NIfTI and arrays by their lengths; others are decoded.

    Raises:
        UserError: it is missing, no image, or cut off.
    """
    with reading(path, "image"):
        format_of(path).check(path)


def subject_of(path: Path) -> str | None:
    """The first 16 hex digits of the SHA-256 of the patient's id in a DICOM file; None elsewhere, or where it has none.

    Raises `UserError` where a DICOM file cannot be read.
    """
    with reading(path, "image"):
        return dicom.subject_of(path) if format_of(path) is dicom else None


def says_window(path: Path) -> bool:
    """Whether a file says by itself what is black and white (`voi`). Raises `UserError` where it cannot be read."""
    with reading(path, "image"):
        return format_of(path) is dicom and dicom.says_window(path)


def finite(values: np.ndarray) -> np.ndarray:
    """Those that are numbers, in one row."""
    return values.ravel() if values.dtype.kind != "f" else values[np.isfinite(values)]


def is_whole(values: np.ndarray) -> bool:
    """Whether all are whole numbers."""
    return values.dtype.kind != "f" or bool((values == np.floor(values)).all())


def _own_range(values: np.ndarray) -> Range:
    present = finite(values)
    return range_for(float(present.min()), float(present.max()), is_whole(present)) if present.size else (0, 1)


def _as_the_file_says(path: Path, frame: int | None) -> np.ndarray:
    grey = None
    if format_of(path) is dicom:
        with reading(path, "image"):
            grey = dicom.shown(path, frame)
    if grey is None:
        raise UserError(f"The image {path} does not say its window: give --window CENTRE:WIDTH or a name instead of voi.")
    return grey


def _check_two_valued(mask: Labels, path: Path) -> None:
    levels = np.unique(mask.values)
    if len(levels) > 2 or (len(levels) == 2 and levels[0] != 0):
        shown = ", ".join(str(level) for level in levels[:5]) + (", ..." if len(levels) > 5 else "")
        raise UserError(
            f"The mask {path} is not two-valued: it holds {len(levels)} grey values ({shown}), "
            "and not 0 and one other. Say which of them mark a lesion, with `--mask-values`, or save it with 0 and 255."
        )


def _two_valued_jpeg(values: np.ndarray, path: Path) -> np.ndarray:
    doubtful = float(np.mean((values > JPEG_TOLERANCE) & (values < 255 - JPEG_TOLERANCE)))
    # A mask of 0 and 1 that went through JPEG: nothing would be left of it at 128.
    faint = 0 < values.max() < 128
    if faint or doubtful > JPEG_DOUBTFUL:
        raise UserError(f"The JPEG mask {path} is not two-valued, black and white: save masks as PNG, which keeps values.")
    return np.asarray(values >= 128)


def _size(shape: tuple[int, ...]) -> str:
    return f"{shape[1]} x {shape[0]}"
