"""Whole runs on DICOM and NIfTI: the scores are those of the same pictures as 8-bit PNG."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib.metadata import EntryPoint
from pathlib import Path

import nibabel
import numpy as np
import pandas as pd
import pydicom
import pytest
import toyplugin
from PIL import Image
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian

from adbench import api
from adbench.planning.options import RunOptions
from adbench.registry.cards import load_registry
from adbench.registry.loading import load_plugins

SIDE, SLICES = 24, 4
# Of which grey level 0 to 255 a Hounsfield unit is, for the window of the lung.
LOW, HIGH = -1350, 150
PLACES = {"train/good": 5, "test/good": 4, "test/Ungood": 4}


def pictures(lesions: bool = True) -> Iterator[tuple[str, int, np.ndarray, np.ndarray]]:
    """(place, number, grey levels, mask), each a volume of `SLICES` slices."""
    rng = np.random.default_rng(0)
    for place, count in PLACES.items():
        for number in range(count):
            grey = rng.integers(60, 160, (SLICES, SIDE, SIDE)).astype(np.uint8)
            mask = np.zeros(grey.shape, bool)
            if lesions and place.endswith("Ungood"):
                mask[:, 5 : 11 + number, 4:12] = True
                grey[mask] += 30
            yield place, number, grey, mask


def units(grey: np.ndarray) -> np.ndarray:
    """Hounsfield units, whole numbers, that the window shows as these grey levels."""
    return np.rint(LOW + grey * ((HIGH - LOW) / 255)).astype(np.int16)


def file_of(root: Path, place: str, name: str, masks: bool = False) -> Path:
    split, label = place.split("/")
    path = root / split / label / ("label" if masks else "img") / name
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def write_png(root: Path) -> None:
    for place, number, grey, mask in pictures():
        for frame in range(SLICES):
            Image.fromarray(grey[frame]).save(file_of(root, place, f"{number}_{frame}.png"))
            if mask.any():
                Image.fromarray(mask[frame]).save(file_of(root, place, f"{number}_{frame}.png", masks=True))


def write_dicom(root: Path) -> None:
    for place, number, grey, mask in pictures():
        for frame in range(SLICES):
            dataset = Dataset()
            dataset.file_meta = FileMetaDataset()
            dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
            dataset.SOPClassUID = dataset.file_meta.MediaStorageSOPClassUID = CTImageStorage
            dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = pydicom.uid.generate_uid()
            dataset.PatientID = f"{place} {number}"
            dataset.Rows = dataset.Columns = SIDE
            dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
            dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit, dataset.PixelRepresentation = 16, 12, 11, 0
            dataset.RescaleSlope, dataset.RescaleIntercept = 1, -2000
            dataset.PixelData = (units(grey[frame]) + 2000).astype(np.uint16).tobytes()
            dataset.save_as(file_of(root, place, f"{number}_{frame}.dcm"), enforce_file_format=True)
            if mask.any():
                Image.fromarray(mask[frame]).save(file_of(root, place, f"{number}_{frame}.png", masks=True))


def write_nifti(root: Path) -> None:
    def save(values: np.ndarray, path: Path) -> None:
        # What is seen of a slice: its first axis to the right, its second up.
        volume = np.stack([np.rot90(plane, -1) for plane in values], axis=2)
        nibabel.save(nibabel.Nifti1Image(volume, np.eye(4)), path)

    for place, number, grey, mask in pictures():
        save(units(grey), file_of(root, place, f"{number}.nii.gz"))
        if mask.any():
            save(mask.astype(np.uint8) * 4, file_of(root, place, f"{number}.nii.gz", masks=True))


def scores(dataset: str, out: Path, window: str = "") -> tuple[dict, pd.Series]:
    """The figures of a toy run, and its scores in order."""
    points = [toyplugin.entry_point(), EntryPoint("folders", "adbench_folder", "adbench")]
    registry = load_registry(load_plugins(points))
    options = RunOptions("peak", dataset, out=out, device="cpu", window=window)
    run = api.execute_plan(api.plan(options, registry), options, registry)
    (record,) = run.records
    assert record.status == "done", record.error
    table = pd.concat([pd.read_parquet(path) for path in sorted(out.rglob("scores.parquet"))])
    return dict(record.metrics), table.sort_values("score")["score"].reset_index(drop=True)


@pytest.mark.parametrize("write", [write_dicom, write_nifti])
def test_the_same_pictures_in_hounsfield_units(write: Callable[[Path], None], tmp_path: Path) -> None:
    write_png(tmp_path / "png")
    write(tmp_path / "deep")
    expected = scores(f"folder:{tmp_path / 'png'}", tmp_path / "a")
    found = scores(f"folder:{tmp_path / 'deep'}", tmp_path / "b", window="lung")
    pd.testing.assert_series_equal(found[1], expected[1])
    for figure in ("image_auroc", "pixel_auroc"):
        assert found[0][figure] == pytest.approx(expected[0][figure], abs=1e-12)
    assert 0.5 < expected[0]["pixel_auroc"] < 1


def test_no_tag_of_a_patient_is_in_a_record(tmp_path: Path) -> None:
    write_dicom(tmp_path / "deep")
    scores(f"folder:{tmp_path / 'deep'}", tmp_path / "out", window="lung")
    written = b"".join(path.read_bytes() for path in (tmp_path / "out").rglob("*") if path.is_file())
    assert b"train/good 1" not in written
    assert b"test/Ungood 1" not in written
