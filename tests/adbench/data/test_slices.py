"""Volumes become items slice by slice."""

from __future__ import annotations

from pathlib import Path

import nibabel
import numpy as np
import pytest
from PIL import Image

from adbench import Layout, Reading, Scan, scan

LAYOUT = Layout(defects=True, masks_outside="test")
SHAPE = (6, 5, 4)


def save(path: Path, values: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    nibabel.save(nibabel.Nifti1Image(values, np.eye(4)), path)


def volume(seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 999, SHAPE).astype(np.int16)


def lesion(*slices: int) -> np.ndarray:
    """Labels 0 and 4, the latter in these slices along the last axis."""
    mask = np.zeros(SHAPE, np.uint8)
    mask[2, 3, list(slices)] = 4
    return mask


def labels(found: Scan) -> dict[str, tuple[bool, bool]]:
    """Id to (abnormal, has masks) of the test images."""
    return {item.id: (item.abnormal, bool(item.masks)) for item in found.items["test"]}


def test_the_slices_that_a_mask_marks_are_abnormal(tmp_path: Path) -> None:
    save(tmp_path / "train" / "good" / "1.nii", volume(1))
    save(tmp_path / "test" / "scratch" / "7.nii.gz", volume(2))
    save(tmp_path / "ground_truth" / "scratch" / "7_mask.nii.gz", lesion(1, 2))
    found = scan(tmp_path, LAYOUT)
    assert labels(found) == {
        "scratch/7/000": (False, False),
        "scratch/7/001": (True, True),
        "scratch/7/002": (True, True),
        "scratch/7/003": (False, False),
    }
    assert [(item.group, item.type, item.frame) for item in found.items["test"]] == [
        ("7", None, 0),
        ("7", "scratch", 1),
        ("7", "scratch", 2),
        ("7", None, 3),
    ]
    assert found.problems == found.mask_problems == found.remarks == ()


def test_along_another_axis_other_slices_are_marked(tmp_path: Path) -> None:
    save(tmp_path / "test" / "scratch" / "7.nii", volume())
    save(tmp_path / "ground_truth" / "scratch" / "7_mask.nii", lesion(0))
    found = scan(tmp_path, LAYOUT, reading=Reading(axis=0))
    assert [item.frame for item in found.items["test"] if item.abnormal] == [2]
    assert len(found.items["test"]) == SHAPE[0]


def test_several_masks_are_joined(tmp_path: Path) -> None:
    save(tmp_path / "test" / "scratch" / "7.nii", volume())
    for number, where in enumerate((0, 3)):
        save(tmp_path / "ground_truth" / "scratch" / "7" / f"{number}.nii", lesion(where))
    assert [abnormal for abnormal, _ in labels(scan(tmp_path, LAYOUT)).values()] == [True, False, False, True]


def test_pages_of_a_tiff(tmp_path: Path) -> None:
    for place, pages in (("test/scratch/7.tif", [90, 91, 92]), ("ground_truth/scratch/7_mask.tif", [0, 255, 0])):
        path = tmp_path / place
        path.parent.mkdir(parents=True)
        first, *others = [Image.fromarray(np.full((4, 4), value, np.uint8)) for value in pages]
        first.save(path, save_all=True, append_images=others)
    assert [abnormal for abnormal, _ in labels(scan(tmp_path, LAYOUT)).values()] == [False, True, False]


def test_without_masks_all_slices_are_abnormal_and_that_is_said(tmp_path: Path) -> None:
    save(tmp_path / "test" / "scratch" / "7.nii", volume(1))
    save(tmp_path / "test" / "scratch" / "8.nii", volume(2))
    found = scan(tmp_path, LAYOUT)
    assert len(labels(found)) == 8
    assert all(abnormal for abnormal, _ in labels(found).values())
    (remark,) = found.remarks
    assert remark.startswith("All slices of 2 abnormal volumes of test count as abnormal, first test/scratch/7.nii: give masks")


@pytest.mark.parametrize("marked", [(), (0,)])
def test_a_mask_of_another_length_is_a_problem(tmp_path: Path, marked: tuple[int, ...]) -> None:
    save(tmp_path / "test" / "scratch" / "7.nii", volume())
    save(tmp_path / "ground_truth" / "scratch" / "7_mask.nii", lesion(*marked)[:, :, :3])
    found = scan(tmp_path, LAYOUT)
    (problem,) = found.mask_problems
    assert "test/scratch/7.nii has 4 slices, but its mask ground_truth/scratch/7_mask.nii has 3" in problem
    assert all(abnormal for abnormal, _ in labels(found).values())
