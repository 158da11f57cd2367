"""Pages, colours of 16 bits and rarer formats; what Pillow reads of common ones is in test_pictures.py."""

from __future__ import annotations

import struct
import sys
import zlib
from pathlib import Path

import imagecodecs
import numpy as np
import pytest
from PIL import Image, features

from adbench.errors import UserError
from adbench.files import raster
from adbench.files.pictures import check_whole, frames, image_size, read_image, read_mask, read_stored


@pytest.fixture
def deep() -> np.ndarray:
    """(6, 5, 3) of 12 bits."""
    colour = np.random.default_rng(0).integers(0, 4096, (6, 5, 3), dtype=np.uint16)
    colour[0, 0] = 4095
    return colour


@pytest.fixture
def smooth() -> np.ndarray:
    """(40, 50, 3) uint8 that lossy formats keep nearly."""
    rows, columns = np.mgrid[:40, :50]
    return np.stack([rows * 6, columns * 5, rows + columns], axis=2).astype(np.uint8)


def pages(path: Path, count: int = 4) -> list[np.ndarray]:
    """A TIFF of several pages."""
    values = [np.full((3, 5), 10 * page, np.uint8) + np.arange(5, dtype=np.uint8) for page in range(count)]
    first, *others = [Image.fromarray(page) for page in values]
    first.save(path, save_all=True, append_images=others)
    return values


def test_pages_of_a_tiff_are_frames(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    values = pages(path)
    assert frames(path) == 4
    np.testing.assert_array_equal(read_image(path)[:, :, 0], values[0])
    for frame, page in enumerate(values):
        np.testing.assert_array_equal(read_image(path, frame)[:, :, 0], page)
        assert image_size(path, frame) == (3, 5)
    with pytest.raises(UserError, match="it has 4 pages, none of number 5"):
        read_image(path, 4)


def test_masks_of_pages(tmp_path: Path) -> None:
    truth = [np.eye(3, 5, k, dtype=np.uint8) * 255 for k in range(3)]
    first, *others = [Image.fromarray(page) for page in truth]
    first.save(tmp_path / "a.tif", save_all=True, append_images=others)
    for frame, page in enumerate(truth):
        np.testing.assert_array_equal(read_mask(tmp_path / "a.tif", (3, 5), frame), page > 0)


def several(content: bytearray, values: list[int], code: str) -> int:
    """The only value, or where several lie, at the end of the content."""
    if len(values) == 1:
        return values[0]
    place = len(content)
    content += struct.pack(f"<{len(values)}{code}", *values)
    return place


def tiff(
    path: Path,
    pages: list[np.ndarray],
    kinds: list[int] | None = None,
    packed: bool = False,
    planes: bool = False,
    black: int = 1,
) -> Path:
    """A little-endian TIFF, written by hand: pages of (H, W) or (H, W, 3), each of a kind (tag 254: 1 is a smaller copy)."""
    content = bytearray(b"II*\0\0\0\0\0")
    link = 4
    for number, page in enumerate(pages):
        bits, channels = page.dtype.itemsize * 8, page.shape[2] if page.ndim == 3 else 1
        parts = [page[:, :, channel] for channel in range(channels)] if planes else [page]
        strips = [part.astype(part.dtype.newbyteorder("<")).tobytes() for part in parts]
        strips = [zlib.compress(strip) for strip in strips] if packed else strips
        places = []
        for strip in strips:
            places.append(len(content))
            content += strip + bytes(len(strip) % 2)
        tags = [
            (254, 4, 1, kinds[number] if kinds else 0),
            (256, 4, 1, page.shape[1]),
            (257, 4, 1, page.shape[0]),
            (258, 3, channels, several(content, [bits] * channels, "H")),
            (259, 3, 1, 8 if packed else 1),
            (262, 3, 1, 2 if channels == 3 else black),
            (273, 4, len(strips), several(content, places, "I")),
            (277, 3, 1, channels),
            (278, 4, 1, page.shape[0]),
            (279, 4, len(strips), several(content, [len(strip) for strip in strips], "I")),
            (284, 3, 1, 2 if planes else 1),
        ]
        content += bytes(len(content) % 2)
        content[link : link + 4] = struct.pack("<I", len(content))
        content += struct.pack("<H", len(tags)) + b"".join(struct.pack("<HHII", *tag) for tag in tags)
        link = len(content)
        content += bytes(4)
    path.write_bytes(content)
    return path


def test_smaller_copies_of_a_page_are_no_pages(tmp_path: Path) -> None:
    large, small, second = (np.full(side, grey, np.uint8) for side, grey in (((8, 8), 9), ((4, 4), 7), ((8, 8), 5)))
    path = tiff(tmp_path / "a.tif", [large, small, second], kinds=[0, 1, 0])
    with Image.open(path) as image:
        assert image.n_frames == 3  # type: ignore[attr-defined]
    assert frames(path) == 2
    assert (read_image(path, 0) == np.full((8, 8, 3), 9)).all()
    assert (read_image(path, 1) == np.full((8, 8, 3), 5)).all()


@pytest.mark.parametrize("high", [255, 4095, 65535])
def test_of_a_tiff_0_may_be_white(high: int, tmp_path: Path) -> None:
    grey = np.arange(0, 256, dtype=np.uint8).reshape(16, 16)
    values = grey if high == 255 else np.rint(grey * (high / 255)).astype(np.uint16)
    path = tiff(tmp_path / "a.tif", [values], black=0)
    np.testing.assert_array_equal(read_image(path)[:, :, 0], 255 - grey)


@pytest.mark.parametrize("suffix", ["gif", "webp", "png"])
def test_of_an_animation_the_first_picture_is_read(suffix: str, tmp_path: Path) -> None:
    first, second = (Image.fromarray(np.full((4, 4), grey, np.uint8)) for grey in (0, 200))
    first.save(tmp_path / f"a.{suffix}", save_all=True, append_images=[second])
    assert frames(tmp_path / f"a.{suffix}") is None
    assert not read_image(tmp_path / f"a.{suffix}").any()


def write_deep(path: Path, values: np.ndarray) -> Path:
    path.write_bytes(imagecodecs.png_encode(values))
    return path


def test_colours_of_16_bits_keep_their_depth(deep: np.ndarray, tmp_path: Path) -> None:
    path = write_deep(tmp_path / "a.png", deep)
    assert raster.is_deep(path)
    np.testing.assert_array_equal(read_stored(path, None, 2).values, deep)
    np.testing.assert_array_equal(read_image(path), np.rint(deep / 4095 * 255))


def test_alpha_of_16_bits_is_composited_over_black(deep: np.ndarray, tmp_path: Path) -> None:
    alpha = np.full((6, 5, 1), 65535, np.uint16)
    alpha[2:] = 0
    path = write_deep(tmp_path / "a.png", np.dstack([deep, alpha]))
    np.testing.assert_array_equal(read_stored(path, None, 2).values, np.where(alpha, deep, 0))
    path = write_deep(tmp_path / "b.png", np.dstack([deep[:, :, :1], alpha]))
    np.testing.assert_array_equal(read_stored(path, None, 2).values, np.where(alpha, deep, 0)[:, :, 0])


@pytest.mark.parametrize("options", [{}, {"packed": True}, {"planes": True}, {"packed": True, "planes": True}])
def test_pages_of_16_bit_colour(options: dict, deep: np.ndarray, tmp_path: Path) -> None:
    path = tiff(tmp_path / "a.tif", [deep, deep[::-1]], **options)
    assert frames(path) == 2
    for frame, expected in enumerate((deep, deep[::-1])):
        np.testing.assert_array_equal(read_stored(path, frame, 2).values, expected)


def test_a_16_bit_colour_picture_is_turned(deep: np.ndarray, tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    path = write_deep(tmp_path / "a.png", deep)
    content = path.read_bytes()
    with Image.new("L", (1, 1)) as small:
        small.save(tmp_path / "exif.png", exif=exif)
    chunk = (tmp_path / "exif.png").read_bytes()
    start = chunk.index(b"eXIf") - 4
    length = int.from_bytes(chunk[start : start + 4], "big") + 12
    path.write_bytes(content[:33] + chunk[start : start + length] + content[33:])  # after the header of the file
    np.testing.assert_array_equal(read_stored(path, None, 2).values, np.rot90(deep, -1))
    assert image_size(path) == (5, 6)


def test_a_mask_of_16_bit_colour(tmp_path: Path) -> None:
    truth = np.eye(4, 5, dtype=np.uint16)
    path = write_deep(tmp_path / "a.png", np.dstack([truth * 300, truth * 0, truth * 0]))
    np.testing.assert_array_equal(read_mask(path, (4, 5)), truth > 0)


def test_what_to_install_for_16_bit_colour(deep: np.ndarray, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_deep(tmp_path / "a.png", deep)
    monkeypatch.setitem(sys.modules, "imagecodecs", None)
    assert image_size(path) == (6, 5)
    with pytest.raises(UserError, match=r"a\.png is 16-bit colour: `pip install imagecodecs` makes it readable"):
        read_image(path)


@pytest.mark.parametrize("suffix", ["jp2", "j2k", "webp"])
def test_lossless_formats(suffix: str, smooth: np.ndarray, tmp_path: Path) -> None:
    path = tmp_path / f"a.{suffix}"
    Image.fromarray(smooth).save(path, **({"lossless": True} if suffix == "webp" else {}))
    np.testing.assert_array_equal(read_image(path), smooth)
    assert image_size(path) == (40, 50)
    assert frames(path) is None
    check_whole(path)


def test_deep_grey_in_jpeg_2000(tmp_path: Path) -> None:
    values = np.arange(0, 4096, 2, dtype=np.uint16).reshape(32, 64)
    (tmp_path / "a.jp2").write_bytes(imagecodecs.jpeg2k_encode(values, level=0, codecformat="jp2", reversible=True))
    assert raster.is_deep(tmp_path / "a.jp2")
    np.testing.assert_array_equal(read_stored(tmp_path / "a.jp2", None, 2).values, values)


def test_avif_with_and_without_pillow(smooth: np.ndarray, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.avif"
    path.write_bytes(imagecodecs.avif_encode(smooth, level=100))
    expected = imagecodecs.avif_decode(path.read_bytes())
    if features.check("avif"):
        assert np.abs(read_image(path).astype(int) - expected).max() <= 2
    monkeypatch.setattr(raster, "_pillow_reads", lambda path: False)
    np.testing.assert_array_equal(read_image(path), expected)
    assert image_size(path) == (40, 50)
    assert frames(path) is None
    assert not raster.is_deep(path)
    check_whole(path)
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(UserError, match=r"a\.avif cannot be read"):
        check_whole(path)


def test_heic_says_what_to_do_where_nothing_reads_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.heic").write_bytes(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic")
    monkeypatch.setattr(imagecodecs.HEIF, "available", False, raising=False)
    with pytest.raises(UserError, match=r"a\.heic is HEIC, which cannot be read here: convert it to PNG"):
        read_image(tmp_path / "a.heic")
    monkeypatch.setitem(sys.modules, "imagecodecs", None)
    with pytest.raises(UserError, match=r"a\.heic is HEIC: `pip install imagecodecs` makes it readable"):
        read_image(tmp_path / "a.heic")


@pytest.mark.parametrize("suffix", ["png", "jpg", "bmp", "tif", "gif", "webp", "ppm", "jp2"])
def test_a_file_that_is_cut_off_anywhere_is_found(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"a.{suffix}"
    noise = np.random.default_rng(0).integers(0, 256, (64, 48, 3), dtype=np.uint8)
    Image.fromarray(noise).save(path)
    check_whole(path)
    content = path.read_bytes()
    for share in (0, 0.1, 0.5, 0.8):
        path.write_bytes(content[: int(len(content) * share)])
        with pytest.raises(UserError, match=rf"The image .*a\.{suffix} cannot be read"):
            check_whole(path)
    path.unlink()
    with pytest.raises(UserError, match="is missing"):
        check_whole(path)


def test_a_flipped_bit_of_a_png_is_found(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (64, 48), dtype=np.uint8)).save(path)
    content = bytearray(path.read_bytes())
    content[500] ^= 1
    path.write_bytes(content)
    with pytest.raises(UserError, match=r"a\.png cannot be read"):
        check_whole(path)


def test_bytes_after_the_end_of_a_jpeg_do_not_matter(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    Image.new("L", (50, 50)).save(path)
    path.write_bytes(path.read_bytes() + b"a trailer of the camera" * 9)
    check_whole(path)


def test_a_missing_page_is_found(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    pages(path)
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(UserError, match=r"a\.tif cannot be read"):
        check_whole(path)
