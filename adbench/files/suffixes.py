"""What a file's name says of its format. No heavy imports: `import adbench` reads this."""

from __future__ import annotations

import os
from pathlib import PurePath

ARRAYS = frozenset({".npy"})
DICOM = frozenset({".dcm", ".dicom"})
NIFTI = frozenset({".nii", ".nii.gz"})
# Those that Pillow reads only where it was built so; imagecodecs may read them instead.
RARE = frozenset({".avif", ".heic", ".heif", ".j2k", ".jp2"})
COMMON = frozenset({".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".webp", ".gif", ".pgm", ".ppm"})

# What is taken for a picture or a volume.
IMAGE_SUFFIXES = COMMON | RARE | ARRAYS | DICOM | NIFTI

COMPRESSED = ".gz"


def suffix_of(path: str | PurePath) -> str:
    """What follows the last dot of a file's name, with the dot, in lower case; `.nii.gz` counts as one.

    Digits alone are part of the name, as in `1.2.840.113619.2.5`, the way in which scanners name files: "" then.
    """
    stem, suffix = os.path.splitext(os.path.basename(path))
    suffix = suffix.lower()
    if suffix[1:].isdecimal():
        return ""
    if suffix == COMPRESSED:
        inner = os.path.splitext(stem)[1].lower()
        return inner + suffix if inner + suffix in NIFTI else suffix
    return suffix


def stem_of(path: str | PurePath) -> str:
    """A file's name without its suffix, as `suffix_of` has it."""
    name = os.path.basename(path)
    return name[: len(name) - len(suffix_of(path))]
