"""Kept maps: their order survives, whatever their range, and a broken file is said to be so."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from adbench import UserError
from adbench.metrics import auroc
from adbench.results.maps import FILE, MapTable, as_half, read_maps, write_maps

FINITE = st.floats(-1e300, 1e300, allow_subnormal=False)


def kept_as(ids: list[str], raw: np.ndarray, folder: Path) -> MapTable:
    """Written and read."""
    with (folder / FILE).open("wb") as stream:
        write_maps(stream, as_half(ids, raw))
    table = read_maps(folder)
    assert table is not None
    return table


@given(arrays(np.float64, (1, 3, 5), elements=FINITE))
def test_no_two_values_change_places(raw: np.ndarray) -> None:
    half = as_half(["a"], raw).maps.ravel()
    assert np.isfinite(half).all()
    assert (np.diff(half[np.argsort(raw.ravel(), kind="stable")].astype(float)) >= 0).all()


@pytest.mark.parametrize(
    ("offset", "scale", "dtype"), [(0, 1, np.float32), (0, 1e9, np.float64), (0, 1e-9, np.float64), (-1e6, 1e-2, np.float64)]
)
def test_large_small_and_narrow_values_come_back(tmp_path: Path, offset: float, scale: float, dtype: type) -> None:
    noise = np.random.default_rng(0).standard_normal((4, 30, 30))
    raw = (offset + scale * noise).astype(dtype)
    table = kept_as(list("abcd"), raw, tmp_path)
    assert table.maps.dtype == np.float16
    assert table.ids == list("abcd")
    back = table.offset + table.scale * table.maps.astype(float)
    assert np.abs(back - raw).max() < 2**-11 * np.abs(raw - np.median(raw)).max()


def test_figures_of_heavy_tails_and_narrow_bands_survive() -> None:
    rng = np.random.default_rng(1)
    masks = rng.random((6, 40, 40)) < 0.1
    noise = rng.standard_normal(masks.shape) + masks
    for raw in (np.exp(4 * noise), 1e4 + 1e-3 * noise, noise.astype(np.float32)):
        assert auroc(masks, as_half(list("abcdef"), raw).maps) == pytest.approx(auroc(masks, raw), abs=1e-4)


def test_constant_maps_stay_constant(tmp_path: Path) -> None:
    table = kept_as(["a"], np.full((1, 2, 2), 7.5), tmp_path)
    assert (table.offset, table.maps.tolist()) == (7.5, [[[0, 0], [0, 0]]])


def test_maps_without_a_scale_are_raw(tmp_path: Path) -> None:
    np.savez(tmp_path / FILE, ids=np.array(["a"]), maps=np.ones((1, 2, 2), np.float16))
    table = read_maps(tmp_path)
    assert (table.offset, table.scale) == (0, 1)


def test_absent_maps_are_none_and_broken_ones_an_error(tmp_path: Path) -> None:
    assert read_maps(tmp_path) is None
    sink = io.BytesIO()
    write_maps(sink, as_half(["a"], np.random.default_rng(0).random((1, 60, 60))))
    for content in (b"", b"broken", sink.getvalue()[:2000]):
        (tmp_path / FILE).write_bytes(content)
        with pytest.raises(UserError, match="--keep maps"):
            read_maps(tmp_path)
    np.savez(tmp_path / FILE, ids=np.array(["a", "b"]), maps=np.ones((1, 2, 2)))
    with pytest.raises(UserError, match="cannot be read"):
        read_maps(tmp_path)
