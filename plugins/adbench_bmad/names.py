"""How the copies of BMAD in circulation name their folders, and what their file names say of the subject."""

from __future__ import annotations

import re

# Folder names by set, in lower case, `-` and blanks as `_`, without a final `_ad`: of BMAD's own archives, of the folders
# inside them, of the copy that MVFA uses, and of anomalib's.
FOLDERS: dict[str, tuple[str, ...]] = {
    "bmad-brain": ("brain", "brats2021_slice", "brats2021", "brain_mri"),
    "bmad-liver": ("liver", "hist_diy", "liver_ct"),
    "bmad-resc": ("retina_resc", "resc"),
    "bmad-oct17": ("retina_oct2017", "oct2017", "retina_oct17", "oct17"),
    "bmad-chest": ("chest", "chest_rsna", "rsna"),
    "bmad-his": ("histopathology", "camelyon16_256", "camelyon16"),
}

# The folder of MedIAnomaly's sets, some of which are called as BMAD's.
OTHERS = "medianomaly_data"

# The first group that matches is the subject.
# BraTS `00003_60` is subject_slice, the liver's `4_487` and RESC's `9_28` are volume_slice; FLAIR slices of TCGA are
# `TCGA_site_patient_date_slice`; OCT2017 is `CNV-patient-number`; RSNA names hold the patient's UUID (one image each), NIH's
# are `patient_number`. The tiles of Camelyon16 are only numbered: their slide is unknown.
SUBJECTS: dict[str, str] = {
    "bmad-brain": r"(TCGA_[^_]+_[^_]+)_|(.+)_\d+$",
    "bmad-liver": r"(.+)_\d+$",
    "bmad-resc": r"(.+)_\d+$",
    "bmad-oct17": r"[A-Za-z]+-(\d+)-\d+$",
    "bmad-chest": r".*?([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$|(\d{8})_\d{3}$",
}


def names_set(folder: str, dataset: str) -> bool:
    """Whether a folder of this name holds this set."""
    return _plain(folder).removesuffix("_ad") in FOLDERS[dataset]


def names_another(folder: str) -> bool:
    """Whether a folder of this name holds the sets of another benchmark."""
    return _plain(folder) == OTHERS


def subject(dataset: str, stem: str) -> str | None:
    """The subject that an image is from, by its file's stem, or None where the name does not tell."""
    match = re.match(SUBJECTS[dataset], stem) if dataset in SUBJECTS else None
    return next((group for group in match.groups() if group), None) if match else None


def _plain(folder: str) -> str:
    return re.sub(r"[-_ ]+", "_", folder.lower()).strip("_")
