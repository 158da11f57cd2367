"""Which module reads a file, and which packages decide what it gives."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from adbench.errors import UserError
from adbench.files import arrays, dicom, nifti, raster
from adbench.files.stored import Format, Unreadable
from adbench.files.suffixes import ARRAYS, DICOM, IMAGE_SUFFIXES, NIFTI, RARE, suffix_of

MEDICAL = ("pydicom", "pylibjpeg", "pylibjpeg-libjpeg", "pylibjpeg-openjpeg")


def format_of(path: Path) -> Format:
    """By the suffix; a file of another one may be DICOM, and is a picture for Pillow to try otherwise."""
    suffix = suffix_of(path)
    if suffix in ARRAYS:
        return arrays
    if suffix in NIFTI:
        return nifti
    if suffix in DICOM or (suffix not in IMAGE_SUFFIXES and dicom.is_dicom(path)):
        return dicom
    return raster


@contextmanager
def reading(path: Path, what: str) -> Iterator[None]:
    """Turns what formats raise into a `UserError` that names the file.

    Args:
        what: `image` or `mask`.
    """
    try:
        yield
    except FileNotFoundError as error:
        raise UserError(f"The {what} {path} is missing.") from error
    except (Unreadable, OSError) as error:
        raise UserError(f"The {what} {path} cannot be read ({error}): replace or remove it.") from error


def decoders(paths: Iterable[Path]) -> str:
    """The packages besides Pillow, with their versions, that decode files of such names: they may decode them otherwise."""
    suffixes = {suffix_of(path) for path in paths}
    names: set[str] = set()
    if suffixes & NIFTI:
        names.add("nibabel")
    if suffixes & RARE:
        names.add("imagecodecs")
    if suffixes & DICOM or suffixes - IMAGE_SUFFIXES:
        names.update(MEDICAL)
    return "-".join(f"{name}{_version(name)}" for name in sorted(names))


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "none"
