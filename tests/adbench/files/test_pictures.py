from __future__ import annotations

import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from adbench.errors import UserError
from adbench.files.pictures import image_size, read_image, read_mask

DEEP = np.array([[0, 128, 129, 257], [32768, 65278, 65407, 65535]], np.uint16)
DEEP_IN_8_BIT = [[0, 0, 1, 1], [128, 254, 255, 255]]  # exact: round(value / 257)


def png(path: Path, header: tuple[int, int, int, int], rows: list[bytes], palette: bytes = b"", clear: bytes = b"") -> Path:
    """A PNG written by hand: width, height, bit depth, colour type, unfiltered rows."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    body = chunk(b"IHDR", struct.pack(">IIBBBBB", *header, 0, 0, 0))
    body += chunk(b"PLTE", palette) if palette else b""
    body += chunk(b"tRNS", clear) if clear else b""
    body += chunk(b"IDAT", zlib.compress(b"".join(b"\0" + row for row in rows))) + chunk(b"IEND", b"")
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + body)
    return path


def tiff(path: Path, values: np.ndarray, order: str) -> Path:
    """An uncompressed 16-bit grey TIFF of either byte order, written by hand."""
    height, width = values.shape
    data = values.astype(f"{order}u2").tobytes()
    tags = [(256, width), (257, height), (258, 16), (259, 1), (262, 1), (273, 8), (277, 1), (278, height), (279, len(data))]
    mark = b"II*\0" if order == "<" else b"MM\0*"
    directory = struct.pack(f"{order}H", len(tags))
    for tag, value in tags:
        directory += struct.pack(f"{order}HHII", tag, 4, 1, value)
    path.write_bytes(mark + struct.pack(f"{order}I", 8 + len(data)) + data + directory + bytes(4))
    return path


def grey_of(path: Path) -> list[list[int]]:
    image = read_image(path)
    assert image.dtype == np.uint8
    assert image.shape[2] == 3
    assert (image == image[:, :, :1]).all()
    return image[:, :, 0].tolist()


def test_16_bit_png_is_scaled_by_257(tmp_path: Path) -> None:
    rows = [row.astype(">u2").tobytes() for row in DEEP]
    assert grey_of(png(tmp_path / "deep.png", (4, 2, 16, 0), rows)) == DEEP_IN_8_BIT


@pytest.mark.parametrize("order", ["<", ">"])
def test_16_bit_tiff_of_both_byte_orders(tmp_path: Path, order: str) -> None:
    assert grey_of(tiff(tmp_path / "deep.tif", DEEP, order)) == DEEP_IN_8_BIT


def test_every_16_bit_value_is_rounded_to_the_nearest(tmp_path: Path) -> None:
    values = np.arange(65536, dtype=np.uint16).reshape(256, 256)
    Image.fromarray(values).save(tmp_path / "all.png")
    np.testing.assert_array_equal(read_image(tmp_path / "all.png")[:, :, 0], np.rint(values / 257).astype(np.uint8))


def test_16_bit_pgm_and_32_bit_tiff_with_16_bit_values(tmp_path: Path) -> None:
    (tmp_path / "deep.pgm").write_bytes(b"P5 4 2 65535\n" + DEEP.astype(">u2").tobytes())
    assert grey_of(tmp_path / "deep.pgm") == DEEP_IN_8_BIT
    Image.fromarray(DEEP.astype(np.int32)).save(tmp_path / "deep.tif")
    assert grey_of(tmp_path / "deep.tif") == DEEP_IN_8_BIT


def test_16_bit_colour_is_within_one_of_linear(tmp_path: Path) -> None:
    values = np.random.default_rng(0).integers(0, 65536, (6, 5, 3), dtype=np.uint16)
    path = png(tmp_path / "rgb16.png", (5, 6, 16, 2), [row.astype(">u2").tobytes() for row in values])
    assert np.abs(read_image(path).astype(int) - np.rint(values / 257)).max() <= 1


def test_8_bit_grey_and_colour_are_kept(tmp_path: Path) -> None:
    grey = np.arange(12, dtype=np.uint8).reshape(3, 4) * 20
    Image.fromarray(grey).save(tmp_path / "grey.png")
    assert grey_of(tmp_path / "grey.png") == grey.tolist()
    colour = np.random.default_rng(0).integers(0, 256, (3, 4, 3), dtype=np.uint8)
    for suffix in ("png", "bmp", "tif"):
        Image.fromarray(colour).save(tmp_path / f"colour.{suffix}")
        np.testing.assert_array_equal(read_image(tmp_path / f"colour.{suffix}"), colour)


def test_1_and_4_bit(tmp_path: Path) -> None:
    assert grey_of(png(tmp_path / "1.png", (3, 1, 1, 0), [b"\xa0"])) == [[255, 0, 255]]
    assert grey_of(png(tmp_path / "4.png", (2, 1, 4, 0), [b"\x1f"])) == [[17, 255]]


def test_palette_with_and_without_transparency(tmp_path: Path) -> None:
    palette = bytes([10, 20, 30, 200, 100, 50])
    path = png(tmp_path / "palette.png", (2, 1, 8, 3), [b"\0\1"], palette)
    assert read_image(path).tolist() == [[[10, 20, 30], [200, 100, 50]]]
    path = png(tmp_path / "clear.png", (2, 1, 8, 3), [b"\0\1"], palette, clear=bytes([255, 51]))
    assert read_image(path).tolist() == [[[10, 20, 30], [40, 20, 10]]]


def test_alpha_is_composited_over_black(tmp_path: Path) -> None:
    rgba = np.array([[[255, 100, 9, 255], [255, 100, 9, 128], [255, 100, 9, 0]]], np.uint8)
    Image.fromarray(rgba, "RGBA").save(tmp_path / "rgba.png")
    assert read_image(tmp_path / "rgba.png").tolist() == [[[255, 100, 9], [128, 50, 5], [0, 0, 0]]]
    Image.fromarray(rgba[:, :, [0, 3]].copy(), "LA").save(tmp_path / "la.png")
    assert grey_of(tmp_path / "la.png") == [[255, 128, 0]]


def test_transparent_colour_of_a_grey_image_is_black(tmp_path: Path) -> None:
    path = png(tmp_path / "grey.png", (2, 1, 8, 0), [bytes([77, 78])], clear=b"\0\x4d")
    assert grey_of(path) == [[0, 78]]


def test_cmyk_jpeg(tmp_path: Path) -> None:
    Image.new("CMYK", (8, 8), (0, 0, 0, 255)).save(tmp_path / "cmyk.jpg")
    assert read_image(tmp_path / "cmyk.jpg").max() < 3


FORMATS = [(mode, suffix) for mode in ("L", "RGB", "P", "I;16") for suffix in ("png", "tif", "bmp", "jpg")]
UNKNOWN = [("P", "jpg"), ("I;16", "jpg"), ("I;16", "bmp")]


@pytest.mark.filterwarnings("ignore:Corrupt EXIF data")  # Pillow's, on half a directory
@pytest.mark.parametrize(("mode", "suffix"), [pair for pair in FORMATS if pair not in UNKNOWN])
def test_cut_off_files_name_themselves(tmp_path: Path, mode: str, suffix: str) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (64, 64), dtype=np.uint8)
    image = Image.fromarray(noise.astype(np.uint16) * 257) if mode == "I;16" else Image.fromarray(noise).convert(mode)
    path = tmp_path / f"cut.{suffix}"
    image.save(path)
    whole = path.read_bytes()
    for part in (len(whole) // 2, 20, 1, 0):
        path.write_bytes(whole[:part])
        with pytest.raises(UserError, match=str(path)):
            read_image(path)


def test_damaged_files_never_raise_anything_else(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    path = tmp_path / "damaged.png"
    Image.fromarray(rng.integers(0, 256, (24, 20, 3), dtype=np.uint8)).save(path)
    whole = path.read_bytes()
    failed = 0
    for _ in range(200):
        damaged = bytearray(whole)
        for position in rng.integers(0, 200, 3):
            damaged[position] = rng.integers(0, 256)
        path.write_bytes(bytes(damaged))
        try:
            read_image(path)
        except UserError:
            failed += 1
    assert failed > 100


def test_missing_image_and_other_files(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"none\.png is missing"):
        read_image(tmp_path / "none.png")
    (tmp_path / "text.png").write_text("no image")
    with pytest.raises(UserError, match=r"text\.png cannot be read \(it is no image\)"):
        read_image(tmp_path / "text.png")
    with pytest.raises(UserError, match="cannot be read"):
        read_image(tmp_path)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (np.array([[0.25, 1]], np.float32), [[64, 255]]),
        (np.array([[-100, 0, 155]], np.int32), [[0, 100, 255]]),
        (np.array([[0, 70000, 131071]], np.int32), [[0, 136, 255]]),
        (np.array([[7, 7]], np.float32), [[255, 255]]),
    ],
)
def test_pixels_of_any_range(tmp_path: Path, values: np.ndarray, expected: list) -> None:
    Image.fromarray(values).save(tmp_path / "odd.tif")
    assert grey_of(tmp_path / "odd.tif") == expected


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_what_is_no_number_is_refused(tmp_path: Path, value: float) -> None:
    Image.fromarray(np.array([[0, value]], np.float32)).save(tmp_path / "odd.tif")
    for use in (read_image, lambda path: read_mask(path, (1, 2))):
        with pytest.raises(UserError, match=r"odd\.tif holds NaN or infinite values"):
            use(tmp_path / "odd.tif")


def test_levels_and_windows(tmp_path: Path) -> None:
    Image.fromarray(np.array([[0, 1000, 2000, 4095]], np.uint16)).save(tmp_path / "deep.png")
    assert grey_of(tmp_path / "deep.png") == [[0, 62, 125, 255]]
    assert read_image(tmp_path / "deep.png", levels=(1000, 2000))[0, :, 0].tolist() == [0, 0, 255, 255]
    assert read_image(tmp_path / "deep.png", window="1500:1000")[0, :, 0].tolist() == [0, 0, 255, 255]
    with pytest.raises(UserError, match=r"deep\.png does not say its window"):
        read_image(tmp_path / "deep.png", window="voi")
    Image.fromarray(np.array([[0, 90]], np.uint8)).save(tmp_path / "plain.png")
    assert read_image(tmp_path / "plain.png", levels=(1000, 2000), window="voi")[0, :, 0].tolist() == [0, 90]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    seed=st.integers(0, 2**32 - 1),
    bits=st.sampled_from([10, 12, 16]),
    suffix=st.sampled_from(["png", "tif", "npy"]),
    cut=st.booleans(),
)
def test_a_picture_of_8_bits_survives_more_bits(seed: int, bits: int, suffix: str, cut: bool, tmp_path: Path) -> None:
    """Written with more bits, rounded or cut as exporters do, it reads back to within one grey level."""
    grey = np.random.default_rng(seed).integers(0, 256, (7, 9), dtype=np.uint8)
    grey[0, 0] = 255
    exact = grey * ((2**bits - 1) / 255)
    values = (np.floor(exact) if cut else np.rint(exact)).astype(np.uint16)
    path = tmp_path / f"a.{suffix}"
    if suffix == "npy":
        np.save(path, values)
    else:
        Image.fromarray(values).save(path)
    assert np.abs(read_image(path)[:, :, 0].astype(int) - grey).max() <= (1 if cut else 0)


def test_image_size_is_height_and_width(tmp_path: Path) -> None:
    Image.new("L", (7, 5)).save(tmp_path / "image.png")
    assert image_size(tmp_path / "image.png") == (5, 7)
    with pytest.raises(UserError, match="is missing"):
        image_size(tmp_path / "none.png")


TRUTH = np.array([[0, 1, 1], [0, 0, 1]], bool)


@pytest.mark.parametrize("value", [1, 38, 255])
def test_two_valued_masks(tmp_path: Path, value: int) -> None:
    Image.fromarray(TRUTH.astype(np.uint8) * value).save(tmp_path / "mask.png")
    mask = read_mask(tmp_path / "mask.png", (2, 3))
    assert mask.dtype == bool
    np.testing.assert_array_equal(mask, TRUTH)


def test_masks_of_one_value(tmp_path: Path) -> None:
    Image.new("L", (3, 2), 0).save(tmp_path / "empty.png")
    Image.new("L", (3, 2), 255).save(tmp_path / "full.png")
    assert not read_mask(tmp_path / "empty.png", (2, 3)).any()
    assert read_mask(tmp_path / "full.png", (2, 3)).all()


@pytest.mark.parametrize("mode", ["1", "RGB", "P", "LA", "RGBA"])
def test_masks_of_every_mode(tmp_path: Path, mode: str) -> None:
    Image.fromarray(TRUTH.astype(np.uint8) * 255).convert(mode).save(tmp_path / "mask.png")
    np.testing.assert_array_equal(read_mask(tmp_path / "mask.png", (2, 3)), TRUTH)


def test_deep_and_palette_masks(tmp_path: Path) -> None:
    Image.fromarray(TRUTH.astype(np.uint16)).save(tmp_path / "deep.png")
    np.testing.assert_array_equal(read_mask(tmp_path / "deep.png", (2, 3)), TRUTH)
    palette = bytes([0, 0, 0, 128, 0, 0])
    rows = [bytes(row) for row in TRUTH.astype(np.uint8).tolist()]
    path = png(tmp_path / "palette.png", (3, 2, 8, 3), rows, palette)
    np.testing.assert_array_equal(read_mask(path, (2, 3)), TRUTH)


@pytest.mark.parametrize("quality", [50, 75, 95])
def test_jpeg_masks_are_cut_in_the_middle(tmp_path: Path, quality: int) -> None:
    rows, columns = np.mgrid[:128, :128]
    truth = (rows - 50) ** 2 + (columns - 70) ** 2 < 20**2
    Image.fromarray(truth.astype(np.uint8) * 255).save(tmp_path / "mask.jpg", quality=quality)
    assert (read_mask(tmp_path / "mask.jpg", (128, 128)) != truth).mean() < 1e-3


def test_jpeg_masks_that_are_no_masks(tmp_path: Path) -> None:
    ramp = np.tile(np.arange(128, dtype=np.uint8) * 2, (128, 1))
    for name, values in (("ramp", ramp), ("faint", (ramp > 128).astype(np.uint8) * 9)):
        Image.fromarray(values).save(tmp_path / f"{name}.jpg", quality=95)
        with pytest.raises(UserError, match=f"{name}.jpg is not two-valued"):
            read_mask(tmp_path / f"{name}.jpg", (128, 128))


@pytest.mark.parametrize("values", [[[0, 1, 2]], [[0, 128, 255]], [[10, 255, 255]]])
def test_masks_of_more_values_are_refused(tmp_path: Path, values: list) -> None:
    Image.fromarray(np.array(values, np.uint8)).save(tmp_path / "mask.png")
    with pytest.raises(UserError, match=r"mask\.png is not two-valued"):
        read_mask(tmp_path / "mask.png", (1, 3))


def test_mask_missing_of_another_size_or_cut_off(tmp_path: Path) -> None:
    path = tmp_path / "mask.png"
    with pytest.raises(UserError, match=r"mask\.png is missing"):
        read_mask(path, (2, 3))
    Image.new("L", (3, 2)).save(path)
    with pytest.raises(UserError, match=r"mask\.png is 3 x 2 pixels, but its image is 2 x 3"):
        read_mask(path, (3, 2))
    path.write_bytes(path.read_bytes()[:40])
    with pytest.raises(UserError, match=r"The mask .*mask\.png cannot be read"):
        read_mask(path, (2, 3))


@pytest.mark.parametrize("orientation", range(1, 9))
def test_an_image_is_turned_as_its_exif_says(orientation: int, tmp_path: Path) -> None:
    """The eight orientations of the EXIF standard, by hand: how the first row and column of the file lie in the picture."""
    stored = np.arange(6, dtype=np.uint8).reshape(2, 3) * 40
    shown = {
        1: stored,
        2: stored[:, ::-1],
        3: stored[::-1, ::-1],
        4: stored[::-1],
        5: stored.T,
        6: stored.T[:, ::-1],
        7: stored.T[::-1, ::-1],
        8: stored.T[::-1],
    }[orientation]
    exif = Image.Exif()
    exif[0x0112] = orientation
    for mode in ("L", "I;16"):
        image = Image.fromarray(stored if mode == "L" else stored.astype(np.uint16) * 257)
        image.save(tmp_path / "a.png", exif=exif)
        np.testing.assert_array_equal(read_image(tmp_path / "a.png")[:, :, 0], shown)
        assert image_size(tmp_path / "a.png") == shown.shape


def test_a_mask_of_the_turned_size_fits(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(np.zeros((2, 3), np.uint8)).save(tmp_path / "image.jpg", exif=exif)
    Image.fromarray(np.eye(3, 2, dtype=np.uint8)).save(tmp_path / "mask.png")
    np.testing.assert_array_equal(read_mask(tmp_path / "mask.png", image_size(tmp_path / "image.jpg")), np.eye(3, 2, dtype=bool))


@pytest.mark.parametrize("value", [0, 9, 65535])
def test_an_orientation_that_means_nothing_is_ignored(value: int, tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = value
    stored = np.arange(6, dtype=np.uint8).reshape(2, 3)
    Image.fromarray(stored).save(tmp_path / "a.png", exif=exif)
    np.testing.assert_array_equal(read_image(tmp_path / "a.png")[:, :, 0], stored)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("suffix", ["png", "tif"])
def test_a_mask_is_turned_as_its_exif_says(orientation: int, suffix: str, tmp_path: Path) -> None:
    """One copied the EXIF of its image: both are turned alike."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored = np.zeros((4, 6), np.uint8)
    stored[0, :4] = 255
    for name in ("image", "mask"):
        Image.fromarray(stored).save(tmp_path / f"{name}.{suffix}", exif=exif)
    size = image_size(tmp_path / f"image.{suffix}")
    image = read_image(tmp_path / f"image.{suffix}")
    assert image.shape[:2] == size == ((6, 4) if orientation > 4 else (4, 6))
    np.testing.assert_array_equal(read_mask(tmp_path / f"mask.{suffix}", size), image[:, :, 0] > 0)


def test_a_mask_of_labels_wants_the_values_that_mark_a_lesion(tmp_path: Path) -> None:
    labels = np.array([[0, 1, 2], [4, 4, 0]], np.uint8)
    Image.fromarray(labels).save(tmp_path / "mask.png")
    with pytest.raises(UserError, match="holds 4 grey values .*--mask-values"):
        read_mask(tmp_path / "mask.png", (2, 3))
    np.testing.assert_array_equal(read_mask(tmp_path / "mask.png", (2, 3), values=frozenset({1, 4})), np.isin(labels, [1, 4]))
    np.testing.assert_array_equal(read_mask(tmp_path / "mask.png", (2, 3), labels=True), labels > 0)
