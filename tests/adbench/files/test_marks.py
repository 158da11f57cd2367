"""Which slices of a volume of masks mark anything."""

from __future__ import annotations

from pathlib import Path

import nibabel
import numpy as np
import pytest

from adbench.files import marks
from adbench.files.marks import marked_slices


def test_each_axis_against_numpy(tmp_path: Path) -> None:
    values = np.zeros((5, 4, 3), np.uint8)
    values[1, 2, 0] = values[3, 2, 2] = 9
    nibabel.save(nibabel.Nifti1Image(values, np.eye(4)), tmp_path / "m.nii.gz")
    for axis in range(3):
        others = tuple(other for other in range(3) if other != axis)
        found = marked_slices([tmp_path / "m.nii.gz"], axis)
        assert found == {tmp_path / "m.nii.gz": tuple(values.any(axis=others))}


def test_a_file_is_read_again_only_when_it_changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, reads = tmp_path / "m.npy", []
    read = marks.read_mask
    monkeypatch.setattr(marks, "read_mask", lambda *given: reads.append(given) or read(*given))
    np.save(path, np.ones((4, 4, 2), np.uint8))
    assert marked_slices([path], 2) == marked_slices([path], 2) == {path: (True, True)}
    assert len(reads) == 2
    np.save(path, np.zeros((4, 4, 5), np.uint8))
    assert marked_slices([path], 2) == {path: (False,) * 5}


def test_what_is_no_volume_or_cannot_be_read_is_left_out(tmp_path: Path) -> None:
    (tmp_path / "broken.nii").write_bytes(b"nothing")
    np.save(tmp_path / "flat.npy", np.ones((4, 4), np.uint8))
    assert marked_slices([tmp_path / "broken.nii", tmp_path / "flat.npy", tmp_path / "absent.nii"], 2) == {}
