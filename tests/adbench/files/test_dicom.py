"""DICOM: pydicom's own functions on its own real files are the reference; what it ships lies in its wheel."""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

import numpy as np
import pydicom
import pytest
from PIL import Image
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.pixels import apply_color_lut, apply_modality_lut, apply_voi_lut
from pydicom.sequence import Sequence
from pydicom.uid import ExplicitVRLittleEndian, SecondaryCaptureImageStorage

from adbench.errors import UserError
from adbench.files import dicom
from adbench.files.pictures import check_whole, frames, image_size, read_image, read_mask, read_stored, says_window, subject_of

SHIPPED = Path(pydicom.__file__).parent / "data" / "test_files"
GREY = (
    "693_J2KI",
    "CT_small",
    "J2K_pixelrep_mismatch",
    "JPEG2000",
    "JPEGLSNearLossless_16",
    "JPGExtended",
    "MR_small",
    "MR_small_RLE",
    "MR_small_bigendian",
    "MR_small_implicit",
    "MR_small_jp2klossless",
    "MR_small_jpeg_ls_lossless",
    "examples_overlay",
    "rtdose_1frame",
)
COLOUR = (
    "ExplVR_BigEnd",
    "SC_rgb_dcmtk_+eb+cy+n1",
    "SC_rgb_gdcm_KY",
    "SC_rgb_jpeg",
    "SC_rgb_jpeg_dcmtk",
    "SC_rgb_rle",
    "SC_rgb_small_odd_big_endian",
    "SC_ybr_full_422_uncompressed",
    "examples_jpeg2k",
    "image_dfl",
    "examples_rgb_color",
)


def shipped(name: str) -> Path:
    return SHIPPED / f"{name}.dcm"


def write(path: Path, values: np.ndarray, **tags: object) -> Path:
    """A DICOM file of these values, (H, W) or (frames, H, W), of 8 or 16 bits."""
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.SOPClassUID = dataset.file_meta.MediaStorageSOPClassUID = SecondaryCaptureImageStorage
    dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = "1.2.3"
    dataset.PatientID, dataset.PatientName = "P-17", "Nobody^At All"
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    dataset.Rows, dataset.Columns = values.shape[-2:]
    if values.ndim == 3:
        dataset.NumberOfFrames = len(values)
    bits = values.dtype.itemsize * 8
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = bits, bits, bits - 1
    dataset.PixelRepresentation = int(values.dtype.kind == "i")
    dataset.PixelData = values.tobytes()
    for name, value in tags.items():
        setattr(dataset, name, value)
    dataset.save_as(path, enforce_file_format=True)
    return path


def scaled(values: np.ndarray, low: float, high: float) -> np.ndarray:
    """To 0 to 255, in the plainest way."""
    return np.clip((np.asarray(values, float) - low) / (high - low) * 255, 0, 255)


def assert_grey(image: np.ndarray, expected: np.ndarray) -> None:
    """Equal but for rounding."""
    assert image.dtype == np.uint8
    assert np.abs(image.astype(float) - expected[:, :, None]).max() <= 0.5 + 1e-9


@pytest.mark.parametrize("name", GREY)
def test_grey_values_are_those_of_pydicom_after_rescale(name: str) -> None:
    reference = pydicom.dcmread(shipped(name))
    expected = apply_modality_lut(reference.pixel_array, reference)
    np.testing.assert_array_equal(read_stored(shipped(name), None, 2).values, expected)
    assert image_size(shipped(name)) == expected.shape
    low, high = float(np.percentile(expected, 5)), float(np.percentile(expected, 95)) + 1
    assert_grey(read_image(shipped(name), levels=(low, high)), scaled(expected, low, high))


@pytest.mark.parametrize("name", COLOUR)
def test_colours_are_those_of_pydicom(name: str) -> None:
    expected = pydicom.dcmread(shipped(name)).pixel_array
    expected = np.repeat(expected[:, :, None], 3, axis=2) if expected.ndim == 2 else expected
    np.testing.assert_array_equal(read_image(shipped(name)), expected)
    assert not dicom.is_deep(shipped(name))


def test_colours_of_a_palette_and_of_16_bits() -> None:
    reference = pydicom.dcmread(shipped("examples_palette"))
    colour = apply_color_lut(reference.pixel_array, reference)
    expected = scaled(colour, 0, 65535 if colour.dtype == np.uint16 else 255)
    assert np.abs(read_image(shipped("examples_palette")) - expected).max() <= 0.5
    deep = pydicom.dcmread(shipped("SC_rgb_rle_16bit")).pixel_array
    assert np.abs(read_image(shipped("SC_rgb_rle_16bit")) - scaled(deep, 0, 65535)).max() <= 0.5


@pytest.mark.parametrize("name", ["rtdose", "rtdose_rle", "examples_ybr_color", "SC_rgb_rle_2frame"])
def test_frames_of_a_file(name: str) -> None:
    expected = pydicom.dcmread(shipped(name)).pixel_array
    assert frames(shipped(name)) == len(expected)
    for frame in (0, 1, len(expected) - 1):
        np.testing.assert_array_equal(read_stored(shipped(name), frame, 2).values, expected[frame])
    with pytest.raises(UserError, match=f"has {len(expected)} frames: a set must say which"):
        read_image(shipped(name))
    with pytest.raises(UserError, match=f"none of number {len(expected) + 1}"):
        read_image(shipped(name), len(expected))


@pytest.mark.parametrize("name", ["693_J2KI", "J2K_pixelrep_mismatch", "MR_small", "examples_overlay"])
def test_voi_is_what_pydicom_makes_of_the_window_of_the_file(name: str) -> None:
    reference = pydicom.dcmread(shipped(name))
    values = apply_modality_lut(reference.pixel_array, reference)
    windowed = apply_voi_lut(values, reference)
    # pydicom spreads the window over the values that the file's bits could hold after rescale.
    bits, signed = reference.BitsStored, reference.PixelRepresentation
    bounds = (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if signed else (0, 2**bits - 1)
    low, high = (
        bound * float(reference.get("RescaleSlope", 1)) + float(reference.get("RescaleIntercept", 0)) for bound in bounds
    )
    assert says_window(shipped(name))
    assert_grey(read_image(shipped(name), window="voi"), scaled(windowed, low, high))


@pytest.mark.parametrize("function", ["LINEAR", "LINEAR_EXACT", "SIGMOID"])
def test_the_functions_of_a_window(function: str, tmp_path: Path) -> None:
    values = np.arange(-500, 1100, dtype=np.int16).reshape(40, 40)
    path = write(tmp_path / "a.dcm", values, WindowCenter=["300", "1"], WindowWidth=["400", "2"], VOILUTFunction=function)
    expected = apply_voi_lut(values, pydicom.dcmread(path))
    assert_grey(read_image(path, window="voi"), scaled(expected, -(2**15), 2**15 - 1))


def test_a_table_of_the_file(tmp_path: Path) -> None:
    table = Dataset()
    table.add_new((0x0028, 0x3002), "US", [8, 100, 12])
    table.add_new((0x0028, 0x3006), "US", [0, 10, 500, 900, 2000, 3000, 4000, 4095])
    values = np.arange(98, 110, dtype=np.uint16).reshape(3, 4)
    path = write(tmp_path / "a.dcm", values, VOILUTSequence=Sequence([table]))
    expected = apply_voi_lut(values, pydicom.dcmread(path))
    assert expected.max() == 4095
    assert_grey(read_image(path, window="voi"), scaled(expected, 0, 4095))


def test_low_values_of_monochrome1_are_white(tmp_path: Path) -> None:
    values = np.arange(0, 4096, 16, dtype=np.uint16).reshape(16, 16)
    tags = {"WindowCenter": 2000, "WindowWidth": 1000}
    plain, inverted = (
        write(tmp_path / f"{kind}.dcm", values, PhotometricInterpretation=kind, **tags) for kind in ("MONOCHROME2", "MONOCHROME1")
    )
    for window in ("", "voi", "2000:1000"):
        np.testing.assert_array_equal(read_image(inverted, window=window), 255 - read_image(plain, window=window))
    bytes_ = write(tmp_path / "8.dcm", (values // 16).astype(np.uint8), PhotometricInterpretation="MONOCHROME1")
    np.testing.assert_array_equal(read_image(bytes_)[:, :, 0], 255 - values // 16)


def test_negative_hounsfield_units_and_named_windows(tmp_path: Path) -> None:
    stored = np.arange(0, 4000, 10, dtype=np.uint16).reshape(20, 20)
    path = write(tmp_path / "ct.dcm", stored, RescaleSlope=1, RescaleIntercept=-1024)
    units = stored.astype(float) - 1024
    assert_grey(read_image(path), scaled(units, units.min(), units.max()))
    for window, low, high in (("lung", -1350, 150), ("brain", 0, 80), ("40:400", -160, 240)):
        assert_grey(read_image(path, window=window), scaled(units, low, high))


def test_rescale_and_window_of_each_frame(tmp_path: Path) -> None:
    """Enhanced files hold them in functional groups."""

    def group(name: str, **tags: object) -> Dataset:
        inner, outer = Dataset(), Dataset()
        for tag, value in tags.items():
            setattr(inner, tag, value)
        setattr(outer, name, Sequence([inner]))
        return outer

    values = np.arange(2 * 300, dtype=np.uint16).reshape(2, 15, 20)
    own = [group("PixelValueTransformationSequence", RescaleSlope=slope, RescaleIntercept=-7) for slope in (2, 3)]
    shared = group("FrameVOILUTSequence", WindowCenter=100, WindowWidth=200, VOILUTFunction="LINEAR_EXACT")
    path = write(
        tmp_path / "a.dcm",
        values,
        PerFrameFunctionalGroupsSequence=Sequence(own),
        SharedFunctionalGroupsSequence=Sequence([shared]),
    )
    for frame, slope in enumerate((2, 3)):
        expected = values[frame] * float(slope) - 7
        np.testing.assert_array_equal(read_stored(path, frame, 2).values, expected)
        assert_grey(read_image(path, frame, window="voi"), scaled(expected, 0, 200))


def test_a_file_without_a_window_of_its_own_is_refused() -> None:
    assert not says_window(shipped("CT_small"))
    with pytest.raises(UserError, match=r"CT_small\.dcm does not say its window: give --window CENTRE:WIDTH"):
        read_image(shipped("CT_small"), window="voi")


def test_masks_are_read_as_they_are_stored(tmp_path: Path) -> None:
    truth = np.eye(6, 8, dtype=np.uint8)
    # The header of a CT that the mask was drawn on, with its intercept.
    path = write(tmp_path / "mask.dcm", truth, RescaleSlope=1, RescaleIntercept=-1024)
    np.testing.assert_array_equal(read_mask(path, (6, 8)), truth.astype(bool))
    several = np.stack([truth, truth * 3 + truth[::-1]]).astype(np.uint8)
    path = write(tmp_path / "labels.dcm", several)
    np.testing.assert_array_equal(read_mask(path, (6, 8), 1), several[1] != 0)
    segmentation = pydicom.dcmread(shipped("liver_1frame")).pixel_array
    np.testing.assert_array_equal(read_mask(shipped("liver_1frame"), segmentation.shape), segmentation == 1)


def test_pixels_of_one_bit_are_black_and_white() -> None:
    segmentation = pydicom.dcmread(shipped("liver_1frame")).pixel_array
    np.testing.assert_array_equal(read_image(shipped("liver_1frame"))[:, :, 0], segmentation * 255)


def test_the_patient_is_known_by_a_hash_alone(tmp_path: Path) -> None:
    path = write(tmp_path / "a.dcm", np.zeros((2, 2), np.uint16))
    assert subject_of(path) == hashlib.sha256(b"P-17").hexdigest()[:16]
    assert subject_of(write(tmp_path / "b.dcm", np.zeros((2, 2), np.uint16), PatientID="")) is None
    Image.new("L", (2, 2)).save(tmp_path / "a.png")
    assert subject_of(tmp_path / "a.png") is None


def test_no_name_is_read(tmp_path: Path) -> None:
    path = write(tmp_path / "a.dcm", np.zeros((2, 2), np.uint16))
    for tags in (dicom.HEADER, dicom.PIXELS, ("PatientID",)):
        read = pydicom.dcmread(path, specific_tags=list(tags))
        assert "PatientName" not in read
        assert ("PatientID" in read) == (tags == ("PatientID",))


def test_a_file_without_suffix_is_known_by_its_magic(tmp_path: Path) -> None:
    values = np.arange(6, dtype=np.uint16).reshape(2, 3)
    for name in ("IM-0001", "1.2.840.10008.5"):
        path = write(tmp_path / name, values)
        assert dicom.is_dicom(path)
        np.testing.assert_array_equal(read_stored(path, None, 2).values, values)
    (tmp_path / "notes").write_text("DICM")
    assert not dicom.is_dicom(tmp_path / "notes")
    assert not dicom.is_dicom(tmp_path / "nowhere")


@pytest.mark.parametrize("name", ["MR_truncated", "rtplan", "badVR", "no_meta", "test-SR"])
def test_files_without_a_whole_picture_are_one_sentence(name: str) -> None:
    for use in (check_whole, read_image):
        with pytest.raises(UserError, match=rf"The image .*{name}\.dcm cannot be read \(.*\): replace or remove it\."):
            use(shipped(name))
    check_whole(shipped("MR_small"))
    check_whole(shipped("rtdose"))


def test_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pydicom", None)
    for use in (read_image, frames, image_size, subject_of, check_whole):
        with pytest.raises(UserError, match=r"CT_small\.dcm is DICOM: `pip install 'adbench-vision\[medical\]'`"):
            use(shipped("CT_small"))


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"The image .*a\.dcm is missing"):
        read_image(tmp_path / "a.dcm")
