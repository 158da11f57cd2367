"""Pictures as Pillow reads them, and imagecodecs where Pillow cannot: 1 to 32 bits, grey, colour, palette and alpha; pages."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from types import ModuleType

import numpy as np
from PIL import Image, UnidentifiedImageError

from adbench.errors import UserError
from adbench.files.grey import over_black
from adbench.files.stored import Labels, Rule, Stored, Unreadable
from adbench.files.suffixes import suffix_of
from adbench.files.untrusted import open_regular

# What Pillow raises on files that are cut off, damaged or not images at all.
DECODE_ERRORS = (
    OSError,
    SyntaxError,
    ValueError,
    EOFError,
    IndexError,
    struct.error,
    zlib.error,
    NotImplementedError,
    OverflowError,
    MemoryError,
    TypeError,
    KeyError,
    Image.DecompressionBombError,
)
# Of Pillow's formats those that our suffixes stand for. For some of the others it starts a program, of PostScript Ghostscript.
FORMATS = ("PNG", "JPEG", "BMP", "DIB", "TIFF", "WEBP", "GIF", "PPM", "AVIF", "HEIF", "JPEG2000")
# Of EXIF and TIFF: the tag, its usual value, and those that turn an image by a quarter.
ORIENTATION, UPRIGHT, LYING = 0x0112, 1, (5, 6, 7, 8)
# Of TIFF: what kind of page it is, and the bit that says "a smaller copy of another".
PAGE_KIND, SMALLER_COPY = 254, 1
TIFF_SIZE, SAMPLE_BITS = (256, 257), 258
PHOTOMETRIC, WHITE_IS_ZERO = 262, 0
# Of such colours Pillow keeps one byte, whatever they hold.
DEEP_COLOUR, COLOUR_MODES = ";16", ("RGB", "RGBA", "LA")
# What a JPEG ends with.
END_OF_JPEG = b"\xff\xd9"
# Suffix to the codecs of imagecodecs that may decode it.
CODECS = {".avif": ("avif",), ".heic": ("heif",), ".heif": ("heif", "avif"), ".j2k": ("jpeg2k",), ".jp2": ("jpeg2k",)}


def frames(path: Path, axis: int) -> int | None:
    """The pages of a TIFF, without smaller copies of others. Animations count as one picture, their first."""
    del axis  # pages lie along no axis
    if suffix_of(path) in CODECS:
        return None
    with _opened(path) as image:
        count = len(_pages(image))
        return count if count > 1 else None


def size(path: Path, frame: int | None, axis: int) -> tuple[int, int]:
    """(H, W) as it is shown."""
    del axis
    with _maybe_codec(path) as image:
        if isinstance(image, np.ndarray):
            return image.shape[0], image.shape[1]
        _seek(image, frame)
        # Some versions of Pillow turn the size of a TIFF before it is loaded, some do not: ask its tags.
        width, height = (image.tag_v2[tag] for tag in TIFF_SIZE) if image.format == "TIFF" else image.size
        return (width, height) if _orientation(image) in LYING else (height, width)


def is_deep(path: Path) -> bool:
    """More than 8 bits, or floating-point; 16-bit colour included where its header says so."""
    with _maybe_codec(path) as image:
        if isinstance(image, np.ndarray):
            return image.dtype != np.uint8
        for page in _pages(image):
            image.seek(page)
            if image.mode.startswith("I") or image.mode == "F" or _is_deep_colour(image):
                return True
        return False


def is_turned(path: Path) -> bool:
    """Whether it is shown otherwise than its rows lie in the file."""
    with _maybe_codec(path) as image:
        return not isinstance(image, np.ndarray) and _orientation(image) != UPRIGHT


def stored(path: Path, frame: int | None, axis: int) -> Stored:
    """The picture or page, turned as its EXIF orientation says; transparency is composited over black."""
    del axis
    with _maybe_codec(path) as image:
        if isinstance(image, np.ndarray):
            return Stored(_plain(image))
        page = _seek(image, frame)
        if _is_deep_colour(image):
            return Stored(_turned(_plain(_decoded_whole(path, image, page)), _orientation(image)))
        values = _pixels(image)
        return Stored(_turned(values, _orientation(image)), _is_inverted(image))


def labels(path: Path, frame: int | None, axis: int) -> Labels:
    """Colours and palettes by their grey value, transparency as black."""
    del axis
    with _maybe_codec(path) as image:
        if isinstance(image, np.ndarray):
            values = _plain(image)
            return Labels(values if values.ndim == 2 else values.max(axis=2))
        page = _seek(image, frame)
        if _is_deep_colour(image):
            values = _plain(_decoded_whole(path, image, page))
            values = values.max(axis=2) if values.ndim == 3 else values
        elif image.mode == "1":
            image.load()
            values = np.array(image)
        else:
            values = _pixels(image)
            if values.ndim == 3:
                values = np.array(Image.fromarray(values).convert("L"))
        return Labels(_turned(values, _orientation(image)), Rule.JPEG if image.format == "JPEG" else Rule.TWO_VALUED)


def check(path: Path) -> None:
    """A PNG by its checksums, a JPEG by its end, others by decoding them."""
    with _maybe_codec(path) as image:
        if isinstance(image, np.ndarray):
            return
        if image.format == "PNG":
            image.verify()
        elif not (image.format == "JPEG" and _ends_as_jpeg(path)):
            for page in _pages(image):
                image.seek(page)
                image.load()


@contextmanager
def _opened(path: Path) -> Iterator[Image.Image]:
    try:
        # Opened here: given a path, Pillow maps some files to memory, and takes the rows of a turned TIFF for its columns.
        with open_regular(path) as file, Image.open(file, formats=_formats()) as image:
            yield image
    except FileNotFoundError:
        raise
    except UnidentifiedImageError as error:  # whose own sentence repeats the path and nothing else
        raise Unreadable("it is no image") from error
    except DECODE_ERRORS as error:
        raise Unreadable(str(error) or type(error).__name__) from error


@cache
def _formats() -> tuple[str, ...]:
    """Those that this Pillow has."""
    Image.init()
    return tuple(name for name in FORMATS if name in Image.OPEN)


@contextmanager
def _maybe_codec(path: Path) -> Iterator[Image.Image | np.ndarray]:
    """As Pillow opens the file; decoded, where it is of a kind that this Pillow cannot read."""
    names = CODECS.get(suffix_of(path), ())
    if names and not _pillow_reads(path):
        yield _by_codecs(path, names)
        return
    with _opened(path) as image:
        yield image


def _pillow_reads(path: Path) -> bool:
    try:
        with _opened(path):
            return True
    except Unreadable:
        return False


def _by_codecs(path: Path, names: tuple[str, ...]) -> np.ndarray:
    codecs = _imagecodecs(path, suffix_of(path)[1:].upper())
    usable = [name for name in names if getattr(codecs, name.upper()).available]
    if not usable:
        raise UserError(f"{path} is {suffix_of(path)[1:].upper()}, which cannot be read here: convert it to PNG.")
    reason = ""
    for name in usable:
        try:
            return np.asarray(getattr(codecs, f"{name}_decode")(path.read_bytes()))
        except (RuntimeError, ValueError) as error:  # a codec's own errors are RuntimeErrors
            reason = str(error)
    raise Unreadable(reason)


def _decoded_whole(path: Path, image: Image.Image, page: int) -> np.ndarray:
    """(H, W, channels) of 16-bit colour, as it is in the file."""
    codecs = _imagecodecs(path, "16-bit colour")
    try:
        content = path.read_bytes()
        if image.format == "PNG":
            return np.asarray(codecs.png_decode(content))
        values = np.asarray(codecs.tiff_decode(content, index=page))
    except (RuntimeError, ValueError) as error:
        raise Unreadable(str(error)) from error
    width, height = (image.tag_v2[tag] for tag in TIFF_SIZE)
    return values if values.shape[:2] == (height, width) else np.moveaxis(values, 0, 2)  # a file may hold plane after plane


def _imagecodecs(path: Path, what: str) -> ModuleType:
    try:
        import imagecodecs
    except ImportError:
        raise UserError(f"{path} is {what}: `pip install imagecodecs` makes it readable, or save it as 8-bit PNG.") from None
    return imagecodecs


def _plain(values: np.ndarray) -> np.ndarray:
    """(H, W) or (H, W, 3): alpha is composited over black."""
    if values.ndim == 2:
        return values
    channels = values.shape[2]
    if channels in (2, 4):
        values = over_black(values[:, :, : channels - 1], values[:, :, channels - 1 :], int(np.iinfo(values.dtype).max))
    return values[:, :, 0] if values.shape[2] == 1 else values


def _pixels(image: Image.Image) -> np.ndarray:
    """(H, W) of deep grey, (H, W) or (H, W, 3) uint8 of others."""
    image.load()
    if image.mode.startswith("I") or image.mode == "F":
        values = np.array(image)
        return values if image.mode == "F" else values.astype(np.int64)
    if image.has_transparency_data:
        rgba = np.asarray(image.convert("RGBA"))
        return over_black(rgba[:, :, :3], rgba[:, :, 3:], 255)
    if image.mode == "L":
        return np.array(image)
    return np.array(image.convert("RGB"))


def _is_deep_colour(image: Image.Image) -> bool:
    if image.mode not in COLOUR_MODES:
        return False
    if image.format == "TIFF":
        return max(image.tag_v2.get(SAMPLE_BITS, (1,))) > 8
    return image.format == "PNG" and any(DEEP_COLOUR in str(tile[3]) for tile in image.tile)


def _is_inverted(image: Image.Image) -> bool:
    """Pillow inverts a TIFF in which 0 is white, but only up to 8 bits."""
    deep = image.mode.startswith("I") or image.mode == "F"
    return image.format == "TIFF" and deep and image.tag_v2.get(PHOTOMETRIC) == WHITE_IS_ZERO


def _pages(image: Image.Image) -> list[int]:
    """Where the pages are that count."""
    if image.format != "TIFF":
        return [0]
    kept = []
    for page in range(getattr(image, "n_frames", 1)):
        image.seek(page)
        if not int(image.tag_v2.get(PAGE_KIND, 0)) & SMALLER_COPY:
            kept.append(page)
    image.seek(0)
    return kept or [0]


def _seek(image: Image.Image, frame: int | None) -> int:
    """Go to a frame; which page that is. The first, where None is asked for."""
    if not frame:
        return 0
    pages = _pages(image)
    if frame >= len(pages):
        raise Unreadable(f"it has {len(pages)} pages, none of number {frame + 1}")
    image.seek(pages[frame])
    return pages[frame]


def _orientation(image: Image.Image) -> int:
    """What is left to turn: the EXIF orientation; UPRIGHT where there is none, or none that can be read.

    Pillow turns a TIFF itself when it loads its pixels, and takes the orientation away.
    """
    try:
        return int(image.getexif().get(ORIENTATION, UPRIGHT))
    except DECODE_ERRORS:
        return UPRIGHT


def _turned(values: np.ndarray, orientation: int) -> np.ndarray:
    """As the EXIF standard has it: where the first row and the first column of the file lie in the picture."""
    if orientation in LYING:
        values = values.swapaxes(0, 1)
    if orientation in (3, 4, 7, 8):
        values = values[::-1]
    if orientation in (2, 3, 6, 7):
        values = values[:, ::-1]
    return np.ascontiguousarray(values)


def _ends_as_jpeg(path: Path) -> bool:
    with path.open("rb") as file:
        file.seek(max(path.stat().st_size - 64, 0))
        return file.read().rstrip(b"\0").endswith(END_OF_JPEG)
