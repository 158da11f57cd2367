"""Volumes become items slice by slice."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import nibabel
import numpy as np
import pytest
from PIL import Image

from adbench import DatasetCard, DiskDataset, Layout, Reading, Scan, scan

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


def test_the_user_says_which_labels_are_lesions(tmp_path: Path) -> None:
    """In LiTS 1 is the liver and 2 a tumour."""
    organ = lesion(0, 1, 2)
    organ[organ > 0] = 1
    organ[2, 3, 1] = 2
    save(tmp_path / "train" / "good" / "1.nii", volume(1))
    save(tmp_path / "test" / "Ungood" / "7.nii", volume(2))
    save(tmp_path / "ground_truth" / "Ungood" / "7_mask.nii", organ)
    card = DatasetCard(name="a", title="A", factory="x:y", has_masks=True)
    careless = Volumes(card, tmp_path)
    (warning,) = (said for said in careless.warnings() if "labels" in said)
    assert warning == "The masks hold 2 labels (1, 2), and all count as lesions: if some are organs, give --mask-values."
    assert [item.abnormal for item in careless.items("test")] == [True, True, True, False]
    told = Volumes(replace(card, reading=Reading(mask_values=frozenset({2}))), tmp_path)
    assert not any("labels" in said for said in told.warnings())
    assert [item.abnormal for item in told.items("test")] == [False, True, False, False]
    mask = told.mask("test", told.items("test")[1])
    assert mask is not None
    assert mask.sum() == 1
    assert told.fingerprint() != careless.fingerprint()


class Volumes(DiskDataset):
    def find(self) -> Scan:
        assert self.root is not None
        return scan(self.root, LAYOUT, reading=self.card.reading)


def test_masks_of_single_pictures_are_not_opened_by_a_scan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A set of thousands would be slow to start."""
    for place in ("train/good/1.tif", "test/scratch/7.tif", "ground_truth/scratch/7_mask.tif"):
        (tmp_path / place).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.eye(4, dtype=np.uint8)).save(tmp_path / place)
    looked: list[Path] = []
    monkeypatch.setattr("adbench.files.marks._measure", lambda path, axis: looked.append(path))
    assert labels(scan(tmp_path, LAYOUT)) == {"scratch/7": (True, True)}
    assert looked == []
