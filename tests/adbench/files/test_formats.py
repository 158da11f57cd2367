from __future__ import annotations

from importlib.metadata import version
from pathlib import Path

import pytest

from adbench.files import arrays, dicom, formats, nifti, raster
from adbench.files.formats import decoders, format_of


@pytest.mark.parametrize(
    ("name", "module"),
    [
        ("a.npy", arrays),
        ("A.NII.GZ", nifti),
        ("a.nii", nifti),
        ("a.dcm", dicom),
        ("a.png", raster),
        ("a.JP2", raster),
        ("a", raster),
    ],
)
def test_by_name(name: str, module: object, tmp_path: Path) -> None:
    assert format_of(tmp_path / name) is module


def test_packages_that_decode(monkeypatch: pytest.MonkeyPatch) -> None:
    assert decoders([Path("a.png"), Path("b.tif"), Path("c.npy")]) == ""
    assert decoders([Path("a.png"), Path("b.nii.gz")]) == f"nibabel{version('nibabel')}"
    assert decoders([Path("a.heic")]) == f"imagecodecs{version('imagecodecs')}"
    assert decoders([Path("IM0001")]) == decoders([Path("a.dcm")])
    assert decoders([Path("a.dcm")]).startswith(f"pydicom{version('pydicom')}-pylibjpeg{version('pylibjpeg')}-")
    monkeypatch.setattr(formats, "MEDICAL", ("not-there",))
    assert decoders([Path("a.dcm")]) == "not-therenone"
