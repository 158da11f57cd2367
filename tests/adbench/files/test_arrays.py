from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from adbench.errors import UserError
from adbench.files.pictures import check_whole, frames, image_size, read_image, read_mask, read_stored


def save(path: Path, values: np.ndarray, **options: bool) -> Path:
    np.save(path, values, **options)
    return path


def test_grey_colour_and_single_channel(tmp_path: Path) -> None:
    grey = np.arange(12, dtype=np.uint8).reshape(3, 4) * 20
    np.testing.assert_array_equal(read_image(save(tmp_path / "a.npy", grey))[:, :, 2], grey)
    np.testing.assert_array_equal(read_image(save(tmp_path / "b.npy", grey[:, :, None]))[:, :, 0], grey)
    colour = np.random.default_rng(0).integers(0, 256, (5, 4, 3), dtype=np.uint8)
    path = save(tmp_path / "c.npy", np.asfortranarray(colour))
    np.testing.assert_array_equal(read_image(path), colour)
    assert frames(path) is None
    assert image_size(path) == (5, 4)


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_a_volume_is_sliced_along_any_axis(axis: int, tmp_path: Path) -> None:
    values = np.random.default_rng(0).normal(size=(4, 5, 6)).astype(np.float32)
    path = save(tmp_path / "a.npy", values)
    assert frames(path, axis=axis) == values.shape[axis]
    for frame in range(values.shape[axis]):
        np.testing.assert_array_equal(read_stored(path, frame, axis).values, np.take(values, frame, axis))
    assert image_size(path, 0, axis) == np.take(values, 0, axis).shape
    with pytest.raises(UserError, match="a set must say which"):
        read_image(path, axis=axis)
    with pytest.raises(UserError, match="none of number 10"):
        read_image(path, 9, axis=axis)


@pytest.mark.parametrize(
    ("dtype", "high", "expected"), [(np.float64, 1, 128), (np.uint16, 1023, 127), (np.int64, 65535, 127), (np.bool_, 1, 255)]
)
def test_values_of_any_type(dtype: type, high: int, expected: int, tmp_path: Path) -> None:
    values = np.array([[0, high], [high / 2, 0]]).astype(dtype)
    shown = read_image(save(tmp_path / "a.npy", values))[:, :, 0]
    assert shown.tolist() == [[0, 255], [expected, 0]]


def test_masks_are_two_valued_and_volumes_hold_labels(tmp_path: Path) -> None:
    truth = np.eye(3, 4)
    np.testing.assert_array_equal(read_mask(save(tmp_path / "a.npy", truth * 7), (3, 4)), truth != 0)
    np.testing.assert_array_equal(read_mask(save(tmp_path / "b.npy", truth > 0), (3, 4)), truth != 0)
    with pytest.raises(UserError, match="not two-valued: it holds 4 grey values"):
        read_mask(save(tmp_path / "c.npy", truth + np.eye(3, 4)[::-1] * 2), (3, 4))
    truth = np.eye(4, 5)
    labels = np.stack([truth, truth + truth[::-1] * 2], axis=2)
    np.testing.assert_array_equal(read_mask(save(tmp_path / "d.npy", labels), (4, 5), 1), labels[:, :, 1] != 0)
    with pytest.raises(UserError, match=r"The mask .*e\.npy is in colour"):
        read_mask(save(tmp_path / "e.npy", np.zeros((5, 4, 3))), (5, 4))


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        (np.zeros((3, 8, 9)), "channels first or a volume of 3 slices"),
        (np.zeros(4), "of shape 4: save"),
        (np.zeros((2, 3, 4, 5)), "of shape 2 x 3 x 4 x 5"),
        (np.zeros((0, 4)), "of shape 0 x 4"),
        (np.zeros((2, 2), complex), "holds complex128"),
        (np.full((2, 2), np.nan), "holds NaN or infinite"),
        (np.full((2, 2), np.inf), "holds NaN or infinite"),
    ],
)
def test_what_is_refused(values: np.ndarray, sentence: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=sentence):
        read_image(save(tmp_path / "a.npy", values))


def test_nothing_is_unpickled(tmp_path: Path) -> None:
    path = save(tmp_path / "a.npy", np.array([[{}, {}]], dtype=object), allow_pickle=True)
    with pytest.raises(UserError, match=r"The image .*a\.npy cannot be read"):
        read_image(path)


def test_whole_and_cut_off(tmp_path: Path) -> None:
    path = save(tmp_path / "a.npy", np.zeros((30, 40)))
    check_whole(path)
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(UserError, match=r"a\.npy cannot be read"):
        check_whole(path)
    np.savez(tmp_path / "several.npz", a=np.zeros(3))
    (tmp_path / "several.npz").rename(path)
    with pytest.raises(UserError, match="it holds several arrays"):
        check_whole(path)
    path.unlink()
    with pytest.raises(UserError, match="is missing"):
        check_whole(path)
