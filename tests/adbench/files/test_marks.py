"""What the slices of a volume of masks hold."""

from __future__ import annotations

from pathlib import Path

import nibabel
import numpy as np
import pytest

from adbench.files import marks
from adbench.files.marks import marks_of

ANY: frozenset[int] = frozenset()


def test_each_axis_against_numpy(tmp_path: Path) -> None:
    values = np.zeros((5, 4, 3), np.uint8)
    values[1, 2, 0], values[3, 2, 2] = 1, 4
    nibabel.save(nibabel.Nifti1Image(values, np.eye(4)), tmp_path / "m.nii.gz")
    for axis in range(3):
        others = tuple(other for other in range(3) if other != axis)
        found = marks_of([tmp_path / "m.nii.gz"], axis)[tmp_path / "m.nii.gz"]
        assert found.marked(ANY) == tuple(values.any(axis=others))
        assert found.marked(frozenset({4})) == tuple((values == 4).any(axis=others))
        assert found.labels == {1, 4}


def test_a_file_is_read_again_only_when_it_changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, looked = tmp_path / "m.npy", []
    frames = marks.frames
    monkeypatch.setattr(marks, "frames", lambda *given: looked.append(given) or frames(*given))
    np.save(path, np.ones((4, 4, 2), np.uint8))
    assert marks_of([path], 2)[path].marked(ANY) == marks_of([path], 2)[path].marked(ANY) == (True, True)
    assert len(looked) == 1
    np.save(path, np.zeros((4, 4, 5), np.uint8))
    assert marks_of([path], 2)[path].marked(ANY) == (False,) * 5


def test_what_is_no_volume_or_cannot_be_read_is_left_out(tmp_path: Path) -> None:
    (tmp_path / "broken.nii").write_bytes(b"nothing")
    np.save(tmp_path / "flat.npy", np.ones((4, 4), np.uint8))
    assert marks_of([tmp_path / "broken.nii", tmp_path / "flat.npy", tmp_path / "absent.nii"], 2) == {}
