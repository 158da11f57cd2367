"""DICOM, by pydicom: values after rescale, and what each file says of how to show them.

Of a file's tags those are read that decide its pixels, and the patient's id, of which only a hash is given.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from adbench.errors import UserError
from adbench.files.grey import to_8_bit
from adbench.files.stored import Labels, Rule, Stored, Unreadable
from adbench.files.suffixes import DICOM, suffix_of

if TYPE_CHECKING:
    from pydicom import Dataset

# Bytes 128 to 131 of a file, PS3.10 section 7.1.
PREAMBLE, MAGIC = 128, b"DICM"
# What decides how values become grey, besides the elements of the pixels themselves, which pydicom reads.
SHOWING = (
    "RescaleSlope",
    "RescaleIntercept",
    "ModalityLUTSequence",
    "VOILUTSequence",
    "VOILUTFunction",
    "WindowCenter",
    "WindowWidth",
    "RedPaletteColorLookupTableDescriptor",
    "GreenPaletteColorLookupTableDescriptor",
    "BluePaletteColorLookupTableDescriptor",
    "RedPaletteColorLookupTableData",
    "GreenPaletteColorLookupTableData",
    "BluePaletteColorLookupTableData",
    "SegmentedRedPaletteColorLookupTableData",
    "SegmentedGreenPaletteColorLookupTableData",
    "SegmentedBluePaletteColorLookupTableData",
    "SharedFunctionalGroupsSequence",
    "PerFrameFunctionalGroupsSequence",
)
HEADER = (
    *SHOWING,
    "Rows",
    "Columns",
    "NumberOfFrames",
    "SamplesPerPixel",
    "PhotometricInterpretation",
    "BitsAllocated",
    "BitsStored",
    "PixelRepresentation",
)
# The pixels, where a file must be read as one.
PIXELS = (*HEADER, "PlanarConfiguration", "HighBit", "PixelData", "FloatPixelData", "DoubleFloatPixelData")
HASH_DIGITS = 16
DEEP_PALETTE = 65535


def is_dicom(path: Path) -> bool:
    """Whether a file is DICOM, by its name or its first bytes. False where it cannot be read."""
    if suffix_of(path) in DICOM:
        return True
    try:
        with path.open("rb") as file:
            return file.read(PREAMBLE + len(MAGIC))[PREAMBLE:] == MAGIC
    except OSError:
        return False


def subject_of(path: Path) -> str | None:
    """The first 16 hex digits of the SHA-256 of the patient's id; None where the file has none."""
    patient = str(_header(path, ("PatientID",)).get("PatientID") or "").strip()
    return hashlib.sha256(patient.encode()).hexdigest()[:HASH_DIGITS] if patient else None


def frames(path: Path, axis: int) -> int | None:
    """The frames of a file; None where it is one."""
    del axis  # frames follow each other as they were taken
    count = _number(_header(path), "NumberOfFrames") or 1
    return count if count > 1 else None


def size(path: Path, frame: int | None, axis: int) -> tuple[int, int]:
    """(H, W)."""
    del frame, axis
    header = _header(path)
    if "Rows" not in header or "Columns" not in header:
        raise Unreadable("it holds no picture")
    return _number(header, "Rows"), _number(header, "Columns")


def is_deep(path: Path) -> bool:
    """All values but those of 8 bits that nothing rescales, and colours of palettes."""
    return _is_deep(_header(path))


def stored(path: Path, frame: int | None, axis: int) -> Stored:
    """A frame: values after the rescale slope and intercept, or the modality's table; RGB where it is colour."""
    del axis
    from pydicom.pixels import apply_color_lut, apply_modality_lut

    values, tags = _pixels(path, frame)
    if tags.get("PhotometricInterpretation") == "PALETTE COLOR":
        colour = apply_color_lut(values, tags)
        return Stored(colour if colour.dtype == np.uint8 else to_8_bit(colour, 0, DEEP_PALETTE))
    rule = _macro(tags, frame, "PixelValueTransformationSequence")
    values = apply_modality_lut(values, rule) if _rescales_by(rule) else values
    if values.dtype == np.uint8 and _is_deep(tags):  # 0 to 1, say: bytes that are not yet grey
        values = values.astype(np.uint16)
    return Stored(values, _is_inverted(tags))


def labels(path: Path, frame: int | None, axis: int) -> Labels:
    """A mask: values as they are in the file, without rescale; several labels are allowed in a file of several frames."""
    del axis
    values, _ = _pixels(path, frame)
    return Labels(values if values.ndim == 2 else values.max(axis=2), Rule.TWO_VALUED if frame is None else Rule.LABELS)


def shown(path: Path, frame: int | None) -> np.ndarray | None:
    """A frame as its file says that it is to be shown: (H, W) uint8. None where the file does not say so."""
    from pydicom.pixels import apply_voi

    picture = stored(path, frame, 0)
    if picture.values.ndim == 3:
        return None
    tags = _header(path)
    rule = _macro(tags, frame, "FrameVOILUTSequence")
    try:
        if "VOILUTSequence" in rule:
            table = rule.VOILUTSequence[0]
            most = 2 ** int(table.LUTDescriptor[2]) - 1
            grey = to_8_bit(apply_voi(picture.values.astype(np.int64), rule), 0, most)
        elif "WindowCenter" in rule and "WindowWidth" in rule:
            grey = _windowed(picture.values, _first(rule.WindowCenter), _first(rule.WindowWidth), rule.get("VOILUTFunction"))
        else:
            return None
    except (ValueError, TypeError, NotImplementedError, AttributeError, IndexError) as error:
        raise Unreadable(f"its window cannot be used: {error}") from error
    return 255 - grey if picture.inverted else grey


def says_window(path: Path) -> bool:
    """Whether the file says how it is to be shown, from its header; that of the first frame."""
    tags = _header(path)
    rule = _macro(tags, 0, "FrameVOILUTSequence")
    return "VOILUTSequence" in rule or ("WindowCenter" in rule and "WindowWidth" in rule)


def check(path: Path) -> None:
    """By decoding every frame."""
    count = frames(path, 0)
    for frame in range(count) if count else [None]:
        _pixels(path, frame)


def _header(path: Path, tags: tuple[str, ...] = HEADER) -> Dataset:
    _needs_pydicom(path)
    from pydicom import dcmread
    from pydicom.errors import InvalidDicomError

    try:
        # A file may lack the preamble; its name must tell then.
        header = dcmread(path, specific_tags=list(tags), stop_before_pixels=True, force=suffix_of(path) in DICOM)
        list(header)  # each element is decoded when it is looked at: what is damaged shall show here
        return header
    except InvalidDicomError as error:
        raise Unreadable("it is no DICOM file") from error
    except OSError:
        raise
    except Exception as error:  # a damaged file ends in errors of every kind
        raise Unreadable(f"{type(error).__name__}: {error}") from error


def _pixels(path: Path, frame: int | None) -> tuple[np.ndarray, Dataset]:
    """(H, W) or (H, W, 3) of a frame as it is in the file, and the tags that say what it means."""
    tags = _header(path)
    count = _number(tags, "NumberOfFrames") or 1
    if frame is None and count > 1:
        raise UserError(f"{path} has {count} frames: a set must say which of them an image is.")
    if (frame or 0) >= count:
        raise Unreadable(f"it has {count} frames, none of number {(frame or 0) + 1}")
    if "Rows" not in tags:
        raise Unreadable("it holds no picture")
    from pydicom import dcmread
    from pydicom.pixels import pixel_array

    try:
        return pixel_array(path, index=frame or 0), tags
    except Exception as first:  # decoders of all makes are behind this
        try:
            # It reads a frame alone, and takes the file's word for how it is encoded; some files are wrong there.
            return pixel_array(dcmread(path, specific_tags=list(PIXELS)), index=frame or 0), tags
        except Exception:
            raise Unreadable(" ".join(str(first).split()) or type(first).__name__) from first


def _needs_pydicom(path: Path) -> None:
    try:
        import pydicom  # noqa: F401
    except ImportError:
        raise UserError(f"{path} is DICOM: `pip install 'adbench-vision[medical]'` makes it readable.") from None


def _macro(tags: Dataset, frame: int | None, name: str) -> Dataset:
    """The tags that hold for a frame: of its own group, of the one that all frames share, else of the file."""
    groups: list[Any] = list(tags.get("PerFrameFunctionalGroupsSequence") or ())[frame or 0 :][:1]
    groups += list(tags.get("SharedFunctionalGroupsSequence") or ())[:1]
    for group in groups:
        if found := group.get(name):
            return found[0]
    return tags


def _number(tags: Dataset, name: str) -> int:
    """0 where there is none."""
    value = tags.get(name) or 0
    try:
        return int(value)
    except (ValueError, TypeError) as error:
        raise Unreadable(f"its {name} is {value!r}") from error


def _is_deep(tags: Dataset) -> bool:
    if tags.get("PhotometricInterpretation") == "PALETTE COLOR":
        return False
    whole = _number(tags, "BitsStored") == _number(tags, "BitsAllocated") == 8
    return not whole or bool(tags.get("PixelRepresentation")) or _rescales(tags)


def _rescales(tags: Dataset) -> bool:
    several = list(tags.get("PerFrameFunctionalGroupsSequence") or ()) or [None]
    rules = (_macro(tags, frame, "PixelValueTransformationSequence") for frame in range(len(several)))
    return any(_rescales_by(rule) for rule in rules)


def _rescales_by(rule: Dataset) -> bool:
    slope, intercept = rule.get("RescaleSlope"), rule.get("RescaleIntercept")
    moved = slope not in (None, 1) or intercept not in (None, 0)
    return moved or bool(rule.get("ModalityLUTSequence"))


def _is_inverted(tags: Dataset) -> bool:
    return bool(tags.get("PhotometricInterpretation") == "MONOCHROME1")


def _first(value: Any) -> float:
    """Of several windows the first."""
    return float(value[0] if hasattr(value, "__len__") and not isinstance(value, str) else value)


def _windowed(values: np.ndarray, centre: float, width: float, function: str | None) -> np.ndarray:
    """PS3.3 section C.11.2.1.2, from 0 to 255."""
    kind = function or "LINEAR"
    if kind not in ("LINEAR", "LINEAR_EXACT", "SIGMOID"):
        raise ValueError(f"unknown function {kind}")
    if width < (1 if kind == "LINEAR" else 0) or (width == 0 and kind != "LINEAR"):
        raise ValueError(f"width {width:g}")
    if kind == "SIGMOID":
        return to_8_bit(1 / (1 + np.exp(-4 * (values - centre) / width)), 0, 1)
    if kind == "LINEAR":
        centre, width = centre - 0.5, width - 1
    if width == 0:  # a threshold
        return np.where(values > centre, 255, 0).astype(np.uint8)
    return to_8_bit(values, centre - width / 2, centre + width / 2)
