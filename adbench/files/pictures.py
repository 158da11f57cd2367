"""Image and mask files to arrays: 8 and 16 bit, grey, colour, palette and alpha, with errors that name the file."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from adbench.errors import UserError

# Raise it when the same file gives other pixels: decoded images are then made anew.
READER_VERSION = 2  # 2: EXIF orientation is applied
# What Pillow raises on files that are cut off, damaged or not images at all.
DECODE_ERRORS = (
    OSError,
    SyntaxError,
    ValueError,
    EOFError,
    IndexError,
    struct.error,
    zlib.error,
    Image.DecompressionBombError,
)
# Of EXIF: the tag, its usual value, and those that turn an image by a quarter.
ORIENTATION, UPRIGHT, LYING = 0x0112, 1, (5, 6, 7, 8)
JPEG_END = b"\xff\xd9"
# A JPEG mask rings around its edges: grey values this far from black and white are still one of the two ...
JPEG_TOLERANCE = 64
# ... and so many of its pixels may be further away than that.
JPEG_DOUBTFUL = 0.01


def read_image(path: Path) -> np.ndarray:
    """Read an image as (H, W, 3) uint8, RGB.

    - 16-bit grey (either byte order) is scaled linearly, `round(value / 257)`, so that 65535 becomes 255. Of 16-bit
      colour Pillow keeps the upper byte, which differs from that by at most 1.
    - Grey is repeated three times, palettes are looked up, 1-bit becomes 0 and 255.
    - Transparency (alpha, a transparent palette entry or colour) is composited over black.
    - Of several frames the first is read. An image is turned as its EXIF orientation says, which is how viewers and the
      tools that masks are drawn with show it.

    Raises:
        UserError: the file is missing, unreadable or cut off, or holds float or 32-bit values, whose range is unknown.
    """
    with _opened(path, "image") as stored:
        image = ImageOps.exif_transpose(stored) if _orientation(stored) != UPRIGHT else stored
        if image.mode.startswith("I") or image.mode == "F":
            grey = _to_8_bit(_deep_values(image, path))
            return np.repeat(grey[:, :, None], 3, axis=2)
        return _to_rgb(image)


def read_mask(path: Path, size: tuple[int, int]) -> np.ndarray:
    """Read the mask of an image of `size` (H, W) as (H, W) bool, True = anomalous.

    A mask holds 0 and at most one other grey value: {0}, {0, 1}, {0, 255}, {0, v} or {v} alone. Colours and palettes
    count by their grey value, transparency as black. A JPEG mask is cut at 128, as long as 99 % of its pixels are within
    64 of black or white (and a white one is among them, unless all are 0).

    Raises:
        UserError: the mask is missing, unreadable, of another size, or not two-valued.
    """
    if not path.is_file():
        raise UserError(f"The mask {path} is missing: add it, or remove its image.")
    with _opened(path, "mask") as image:
        values = _grey_values(image, path)
        is_jpeg = image.format == "JPEG"
    if values.shape != tuple(size):
        raise UserError(
            f"The mask {path} is {_size(values.shape)} pixels, but its image is {_size(size)}: both must have one size."
        )
    if is_jpeg:
        return _two_valued_jpeg(values, path)
    levels = np.unique(values)
    if len(levels) > 2 or (len(levels) == 2 and levels[0] != 0):
        shown = ", ".join(str(level) for level in levels[:5]) + (", ..." if len(levels) > 5 else "")
        raise UserError(
            f"The mask {path} is not two-valued: it holds {len(levels)} grey values ({shown}), "
            "but only 0 and one other value are allowed."
        )
    return values != 0


def frames(path: Path, axis: int = 2) -> int | None:
    """How many pictures a file holds, slices of a volume or pages; None where it holds a single one. From its header alone."""
    return None


def subject_of(path: Path) -> str | None:
    """The subject (patient) that a file names in its header, hashed; None where it names none."""
    return None


def image_size(path: Path) -> tuple[int, int]:
    """(H, W) of an image as `read_image` gives it, from its header alone. Raises `UserError` as that does."""
    try:
        with Image.open(path) as image:
            lies = _orientation(image) in LYING
            return (image.width, image.height) if lies else (image.height, image.width)
    except DECODE_ERRORS as error:
        raise _unreadable(path, "image", error) from error


def check_whole(path: Path) -> None:
    """Raise `UserError` where an image is missing, is no image, or is cut off. Its pixels are not decoded."""
    try:
        with Image.open(path) as image:
            is_jpeg = image.format == "JPEG"
            image.verify()
        if is_jpeg and JPEG_END not in _tail(path):
            raise OSError("it is cut off")
    except DECODE_ERRORS as error:
        raise _unreadable(path, "image", error) from error


def _tail(path: Path, length: int = 1024) -> bytes:
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - length))
        return file.read()


def _orientation(image: Image.Image) -> int:
    """The EXIF orientation; that of an upright image where there is none, or none that can be read."""
    try:
        return int(image.getexif().get(ORIENTATION, UPRIGHT))
    except (*DECODE_ERRORS, TypeError):
        return UPRIGHT


@contextmanager
def _opened(path: Path, what: str) -> Iterator[Image.Image]:
    try:
        with Image.open(path) as image:
            image.load()
            yield image
    except UserError:
        raise
    except DECODE_ERRORS as error:
        raise _unreadable(path, what, error) from error


def _unreadable(path: Path, what: str, error: Exception) -> UserError:
    if isinstance(error, FileNotFoundError):
        return UserError(f"The {what} {path} is missing.")
    # Pillow's own sentence for this repeats the path and nothing else.
    reason = "it is no image" if isinstance(error, UnidentifiedImageError) else str(error) or type(error).__name__
    return UserError(f"The {what} {path} cannot be read ({reason}): replace or remove it.")


def _to_rgb(image: Image.Image) -> np.ndarray:
    if not image.has_transparency_data:
        return np.array(image.convert("RGB"))
    rgba = np.asarray(image.convert("RGBA")).astype(np.uint16)
    # Colour times alpha over black, rounded: at most 255 * 255 + 127, which fits 16 bits.
    return ((rgba[:, :, :3] * rgba[:, :, 3:] + 127) // 255).astype(np.uint8)


def _deep_values(image: Image.Image, path: Path) -> np.ndarray:
    values = np.asarray(image)
    if image.mode == "F" or values.min() < 0 or values.max() > 65535:
        kind = "floating-point" if image.mode == "F" else "32-bit"
        raise UserError(f"The image {path} holds {kind} pixels, whose range is unknown: save it with 8 or 16 bits.")
    return values.astype(np.uint32)


def _to_8_bit(values: np.ndarray) -> np.ndarray:
    return ((values + 128) // 257).astype(np.uint8)


def _grey_values(image: Image.Image, path: Path) -> np.ndarray:
    if image.mode.startswith("I"):
        return _deep_values(image, path)
    if image.mode in ("1", "L", "F") and not image.has_transparency_data:
        return np.array(image)
    return np.array(Image.fromarray(_to_rgb(image)).convert("L"))


def _two_valued_jpeg(values: np.ndarray, path: Path) -> np.ndarray:
    doubtful = float(np.mean((values > JPEG_TOLERANCE) & (values < 255 - JPEG_TOLERANCE)))
    # A mask of 0 and 1 that went through JPEG: nothing would be left of it at 128.
    faint = 0 < values.max() < 128
    if faint or doubtful > JPEG_DOUBTFUL:
        raise UserError(f"The JPEG mask {path} is not two-valued, black and white: save masks as PNG, which keeps values.")
    return values >= 128


def _size(shape: tuple[int, ...]) -> str:
    return f"{shape[1]} x {shape[0]}"
