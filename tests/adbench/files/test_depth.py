from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from adbench.files import depth, raster
from adbench.files.depth import Depth, depths


@pytest.fixture(autouse=True)
def _cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ADBENCH_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def decoded(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Pictures that were decoded, not only opened."""
    seen: list[Path] = []
    original = raster.stored
    monkeypatch.setattr(raster, "stored", lambda path, frame, axis: seen.append(path) or original(path, frame, axis))
    return seen


def save(path: Path, values: np.ndarray) -> Path:
    Image.fromarray(values).save(path)
    return path


def test_only_headers_of_8_bit_files_are_read(tmp_path: Path, decoded: list[Path]) -> None:
    plain = [save(tmp_path / f"a.{suffix}", np.zeros((3, 3), np.uint8)) for suffix in ("png", "jpg", "tif", "bmp")]
    assert depths(plain) == dict.fromkeys(plain)
    assert not decoded


def test_deep_files_are_decoded_once(tmp_path: Path, decoded: list[Path]) -> None:
    values = np.arange(1000, dtype=np.uint16).reshape(20, 50) + 7
    path = save(tmp_path / "a.png", values)
    expected = Depth(7, 1006, *np.percentile(values, (0.5, 99.5)), whole=True)
    assert depths([path, path]) == {path: expected}
    assert depths([path]) == {path: expected}
    assert decoded == [path]
    save(path, values * 2)
    found = depths([path])[path]
    assert found is not None
    assert (found.low, found.high) == (14, 2012)
    assert decoded == [path] * 2


def test_all_pictures_of_a_file_count_and_numbers_alone(tmp_path: Path) -> None:
    volume = np.arange(24, dtype=np.float32).reshape(2, 3, 4) / 2
    volume[0, 0, 0], volume[1, 1, 1] = np.nan, np.inf
    np.save(tmp_path / "a.npy", volume)
    found = depths([tmp_path / "a.npy"])[tmp_path / "a.npy"]
    assert found is not None
    assert (found.low, found.high, found.whole) == (0.5, 11.5, False)


def test_what_cannot_be_read_is_left_out_and_not_remembered(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    path.write_bytes(b"no image")
    np.save(tmp_path / "nan.npy", np.full((2, 2), np.nan))
    assert depths([path, tmp_path / "missing.png", tmp_path / "nan.npy"]) == {}
    save(path, np.full((2, 2), 300, np.uint16))
    found = depths([path])[path]
    assert found is not None
    assert found.high == 300


def test_another_reader_looks_again(tmp_path: Path, decoded: list[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    path = save(tmp_path / "a.png", np.full((2, 2), 300, np.uint16))
    depths([path])
    monkeypatch.setattr(depth, "KIND", "values, another reader")
    depths([path])
    assert decoded == [path] * 2
