"""NIfTI: nibabel's own arrays, of its own real files and of generated ones, are the reference."""

from __future__ import annotations

import itertools
import sys
import threading
from pathlib import Path

import nibabel
import numpy as np
import pytest
from nibabel.orientations import axcodes2ornt, ornt_transform

from adbench.errors import UserError
from adbench.files import nifti
from adbench.files.pictures import check_whole, frames, image_size, read_image, read_mask, read_stored

SHIPPED = Path(nibabel.__file__).parent / "tests" / "data"
VOLUMES = ("anatomical.nii", "standard.nii.gz", "reoriented_anat_moved.nii", "resampled_anat_moved.nii")


def canonical(path: Path) -> np.ndarray:
    """All values, with the axes leading to the right, the front and the head."""
    return nibabel.as_closest_canonical(nibabel.load(path)).get_fdata()


def shown(volume: np.ndarray, frame: int, axis: int) -> np.ndarray:
    """A slice as it is to be seen: the first axis that is left to the right, the second up."""
    return np.rot90(np.take(volume, frame, axis))


def write(path: Path, values: np.ndarray, codes: str = "RAS", slope: float = 1, intercept: float = 0) -> Path:
    """A file that holds RAS values, stored in another order of axes."""
    transform = ornt_transform(axcodes2ornt("RAS"), axcodes2ornt(codes))
    image = nibabel.Nifti1Image(values, np.diag([2, 3, 4, 1]).astype(float)).as_reoriented(transform)
    image.header.set_slope_inter(slope, intercept)
    nibabel.save(image, path)
    return path


@pytest.fixture
def ramp() -> np.ndarray:
    """A volume of 3 x 4 x 5 in which every value is another."""
    return np.arange(60, dtype=np.int16).reshape(3, 4, 5) * 20 - 100


@pytest.mark.parametrize("axis", [0, 1, 2])
@pytest.mark.parametrize("name", VOLUMES)
def test_slices_of_real_volumes(name: str, axis: int) -> None:
    expected = canonical(SHIPPED / name)
    count = expected.shape[axis]
    assert frames(SHIPPED / name, axis=axis) == count
    for frame in (0, count // 2, count - 1):
        values = shown(expected, frame, axis)
        np.testing.assert_allclose(read_stored(SHIPPED / name, frame, axis).values, values)
        assert image_size(SHIPPED / name, frame, axis) == values.shape
        low, high = float(np.nanmin(expected)), float(np.nanmax(expected)) + 1
        image = read_image(SHIPPED / name, frame, (low, high), axis=axis)
        seen = np.nan_to_num((values - low) / (high - low) * 255) if nifti.is_deep(SHIPPED / name) else values
        assert np.abs(image[:, :, 0] - seen).max() <= 0.5 + 1e-9


@pytest.mark.parametrize("suffix", [".nii", ".nii.gz"])
@pytest.mark.parametrize("codes", ["RAS", "LPS", "SRA", "PIL", "IAR"])
def test_the_order_in_which_a_file_stores_its_axes_changes_nothing(
    codes: str, suffix: str, ramp: np.ndarray, tmp_path: Path
) -> None:
    path = write(tmp_path / f"a{suffix}", ramp, codes)
    np.testing.assert_array_equal(canonical(path), ramp)
    for axis in range(3):
        for frame in range(ramp.shape[axis]):
            np.testing.assert_array_equal(read_stored(path, frame, axis).values, shown(ramp, frame, axis))


def test_how_a_slice_lies(ramp: np.ndarray, tmp_path: Path) -> None:
    """By hand: the corner at the patient's right, front and head."""
    path = write(tmp_path / "a.nii", ramp, "PIL")
    corner = ramp[2, 3, 4]
    assert read_stored(path, 4, 2).values[0, -1] == corner  # from the feet: right of the picture, on top
    assert read_stored(path, 3, 1).values[0, -1] == corner
    assert read_stored(path, 2, 0).values[0, -1] == corner


@pytest.mark.parametrize("suffix", [".nii", ".nii.gz"])
def test_slope_and_intercept(suffix: str, ramp: np.ndarray, tmp_path: Path) -> None:
    path = tmp_path / f"a{suffix}"
    image = nibabel.Nifti1Image(ramp.astype(np.float64) * 0.25 + 3, np.eye(4))
    image.set_data_dtype(np.int16)
    nibabel.save(image, path)
    assert nibabel.load(path).dataobj.slope != 1
    expected = nibabel.load(path).get_fdata()
    for frame in range(5):
        np.testing.assert_allclose(read_stored(path, frame, 2).values, shown(expected, frame, 2), rtol=1e-12)
    assert nifti.is_deep(path)


def test_bytes_are_shown_as_they_are(tmp_path: Path) -> None:
    values = np.arange(60, dtype=np.uint8).reshape(3, 4, 5)
    path = write(tmp_path / "a.nii.gz", values)
    assert not nifti.is_deep(path)
    np.testing.assert_array_equal(read_image(path, 1)[:, :, 0], shown(values, 1, 2))


def test_any_label_of_a_segmentation_is_anomalous(tmp_path: Path) -> None:
    labels = np.zeros((3, 4, 5), np.uint8)
    labels[1, 2, 3], labels[0, 1, 3], labels[2, 3, 3] = 1, 2, 4
    path = write(tmp_path / "seg.nii.gz", labels, "LPS")
    np.testing.assert_array_equal(read_mask(path, (4, 3), 3), shown(labels, 3, 2) != 0)
    with pytest.raises(UserError, match="is 3 x 4 pixels, but its image is 4 x 4"):
        read_mask(path, (4, 4), 3)


def test_a_single_slice_is_a_picture(tmp_path: Path) -> None:
    values = np.arange(12, dtype=np.int16).reshape(3, 4, 1)
    path = write(tmp_path / "a.nii", values)
    assert frames(path) is None
    np.testing.assert_array_equal(read_stored(path, None, 2).values, shown(values, 0, 2))
    nibabel.save(nibabel.Nifti1Image(values[:, :, 0], np.eye(4)), tmp_path / "flat.nii")
    assert frames(tmp_path / "flat.nii") is None
    np.testing.assert_array_equal(read_stored(tmp_path / "flat.nii", None, 2).values, shown(values, 0, 2))


def test_what_is_refused(ramp: np.ndarray, tmp_path: Path) -> None:
    path = write(tmp_path / "a.nii", ramp)
    with pytest.raises(UserError, match="is a volume of 5 slices: a set must say which"):
        read_image(path)
    with pytest.raises(UserError, match="none of number 6"):
        read_image(path, 5)
    with pytest.raises(UserError, match="save each volume of three axes as a file of its own"):
        frames(SHIPPED / "functional.nii")
    nibabel.save(nibabel.Nifti1Image(ramp.astype(np.complex64), np.eye(4)), tmp_path / "c.nii")
    with pytest.raises(UserError, match="holds complex64"):
        read_image(tmp_path / "c.nii", 0)
    endless = ramp.astype(np.float32)
    endless[0, 0, 0] = np.inf
    write(tmp_path / "inf.nii", endless)
    with pytest.raises(UserError, match="holds NaN or infinite values"):
        read_image(tmp_path / "inf.nii", 0)
    read_image(tmp_path / "inf.nii", 1)


def test_where_there_is_no_value_it_is_black(ramp: np.ndarray, tmp_path: Path) -> None:
    holes = ramp.astype(np.float32)
    holes[0, :, 0] = np.nan
    path = write(tmp_path / "a.nii", holes)
    image = read_image(path, 0, (-200, 0))
    assert (image[shown(np.isnan(holes), 0, 2)] == 0).all()
    assert (image[~shown(np.isnan(holes), 0, 2)] > 0).all()
    with pytest.raises(UserError, match="The mask .* holds NaN"):
        read_mask(path, (4, 3), 0)


@pytest.mark.parametrize("suffix", [".nii", ".nii.gz"])
def test_a_file_that_is_cut_off(suffix: str, ramp: np.ndarray, tmp_path: Path) -> None:
    path = write(
        tmp_path / f"a{suffix}", np.random.default_rng(0).permutation(np.repeat(ramp, 50, axis=2).ravel()).reshape(3, 4, 250)
    )
    check_whole(path)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) - 100])
    with pytest.raises(UserError, match=r"The image .* cannot be read \(.*\): replace or remove it"):
        check_whole(path)
    path.write_bytes(b"not a volume")
    with pytest.raises(UserError, match="cannot be read"):
        read_image(path, 0)
    path.unlink()
    with pytest.raises(UserError, match="is missing"):
        read_image(path, 0)


def test_a_compressed_file_is_unpacked_once(ramp: np.ndarray, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recent = nifti._Recent(1000)
    monkeypatch.setattr(nifti, "_RECENT", recent)
    made = []
    read = nifti._guarded
    monkeypatch.setattr(nifti, "_guarded", lambda use: made.append(1) or read(use))
    paths = [write(tmp_path / f"{name}.nii.gz", ramp) for name in "ab"]  # of 120 bytes each
    threads = [threading.Thread(target=read_stored, args=(path, frame, 2)) for path, frame in itertools.product(paths, range(5))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 2
    monkeypatch.setattr(recent, "_most", 200)
    write(paths[0], ramp + 1)
    np.testing.assert_array_equal(read_stored(paths[0], 0, 2).values, shown(ramp + 1, 0, 2))
    assert sum(array.nbytes for array in recent._kept.values()) <= 200


def test_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "nibabel", None)
    with pytest.raises(UserError, match=r"anatomical\.nii is NIfTI: `pip install 'adbench-vision\[medical\]'`"):
        read_image(SHIPPED / "anatomical.nii", 0)
