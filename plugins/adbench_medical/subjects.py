"""What file names of MedIAnomaly say of the subject."""

from __future__ import annotations

import re

# The first group is the subject. RSNA's files are called as the patient's UUID, BraTS's as `BraTS2021_00000_flair_60`. Those of
# VinCXR, LAG and ISIC are called as the image; the tiles of Camelyon16 and the slices of BrainTumor are only numbered.
SUBJECTS = {
    "medianomaly-rsna": r".*?([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$",
    "medianomaly-brats2021": r"(BraTS2021_\d+)",
}


def subject(dataset: str, stem: str) -> str | None:
    """The subject that an image is from, by its file's stem, or None where the name does not tell."""
    match = re.match(SUBJECTS[dataset], stem, re.I) if dataset in SUBJECTS else None
    return match[1] if match else None
