"""Brain MRI Images for Brain Tumor Detection, of Kaggle: folders `yes` and `no`, and a copy of both in `brain_tumor_dataset`."""

from __future__ import annotations

from pathlib import Path

from adbench import DiskDataset, Item, Scan, Split, scan_listed
from adbench_medical.ownsplit import own_split
from adbench_medical.places import below, images, located, missing_folders
from adbench_medical.reasons import explained

NAMES = ("brain_tumor_dataset", "kaggle_brain", "brain_mri_images_for_brain_tumor_detection")
COPY = "brain_tumor_dataset"
NORMAL, TUMOR = "no", "yes"
COPIED = f"a copy of the images, in {COPY}"


class KaggleBrainDataset(DiskDataset):
    """Slices with and without a tumour, of all modes and sizes; which are of one patient is not known."""

    def find(self) -> Scan:
        """The images of `no` and `yes`, each once, with adbench's own split. Raises `UserError` where the set is not there."""
        folder = located(self.card, self.root, NAMES, _fault)
        normal, tumor = (images(below(folder, name)) for name in (NORMAL, TUMOR))
        splits = own_split(normal, tumor)
        rows = [_row(image, splits[image], False) for image in normal] + [_row(image, splits[image], True) for image in tumor]
        copied = [image for name in (NORMAL, TUMOR) for image in images(below(folder, COPY, name))]
        return explained(scan_listed(folder, folder, rows, self.card.reading), dict.fromkeys(copied, COPIED))


def _row(image: Path, split: Split, abnormal: bool) -> tuple[Split, Item]:
    return split, Item(f"{'Ungood' if abnormal else 'good'}/{image.stem}", abnormal, path=image)


def _fault(folder: Path) -> str:
    return missing_folders(folder, (NORMAL, TUMOR))
