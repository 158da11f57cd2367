"""BraTS2021 of MedIAnomaly: slices in `train`, `test/normal` and `test/tumor`, and their masks in `test/annotation`.

A mask is called as its slice, or with another word for what it shows: `BraTS2021_00000_flair_60`, `BraTS2021_00000_seg_60`.
"""

from __future__ import annotations

import re
from collections import defaultdict
from pathlib import Path

from adbench import Item, Reading, Scan, Split, scan_listed
from adbench_medical.places import below, folders, images
from adbench_medical.reasons import NO_IMAGE, explained, strangers
from adbench_medical.subjects import subject

TRAIN, NORMAL, TUMOR, MASKS = ("train",), ("test", "normal"), ("test", "tumor"), ("test", "annotation")
# What a name says of the picture, and not of the slice.
SHOWN = frozenset({"flair", "t1", "t1ce", "t1gd", "t2", "seg", "mask", "label", "annotation", "gt"})
SEVERAL = "its image has two masks"


def fault(folder: Path) -> str:
    """Why a folder is not this set, or ""."""
    lacking = ["/".join(place) for place in (TRAIN, NORMAL, TUMOR) if not below(folder, *place).is_dir()]
    return f"has no {lacking[0]}" if lacking else ""


def find(name: str, folder: Path, reading: Reading) -> Scan:
    """The slices of the three folders, and of the folders in `train`; a mask is matched by name."""
    places: dict[tuple[str, ...], tuple[Split, bool]] = {TRAIN: ("train", False), NORMAL: ("test", False), TUMOR: ("test", True)}
    masks, reasons, problems = _paired(folder)
    rows = []
    for place, (split, abnormal) in places.items():
        home = below(folder, *place)
        inside = folders(home) if place == TRAIN else []
        for image in (image for where in (home, *inside) for image in images(where)):
            inner = image.relative_to(home).with_suffix("").as_posix()
            identity = f"{'Ungood' if abnormal else 'good'}/{inner}"
            mask = masks.get(image) if abnormal else None
            rows.append((split, Item(identity, abnormal, subject(name, image.stem), image, (mask,) if mask else ())))
    return explained(scan_listed(folder, folder, rows, reading), reasons, problems)


def _paired(folder: Path) -> tuple[dict[Path, Path], dict[Path, str], tuple[str, ...]]:
    """Tumour slice to mask, masks that are left out with the reason, and what is wrong."""
    by_stem: dict[str, list[Path]] = defaultdict(list)
    by_slice: dict[str, list[Path]] = defaultdict(list)
    annotations = images(below(folder, *MASKS))
    for mask in annotations:
        by_stem[mask.stem.lower()].append(mask)
        by_slice[_slice(mask.stem)].append(mask)
    paired: dict[Path, Path] = {}
    reasons = dict.fromkeys(annotations, NO_IMAGE)
    problems = []
    for image in images(below(folder, *TUMOR)):
        found = by_stem.get(image.stem.lower()) or by_slice.get(_slice(image.stem), [])
        if len(found) == 1:
            paired[image] = found[0]
        elif found:
            one, other = (mask.relative_to(folder).as_posix() for mask in found[:2])
            problems.append(f"{image.relative_to(folder).as_posix()} has two masks, {one} and {other}: remove one of them.")
            reasons |= dict.fromkeys(found, SEVERAL)
    used = set(paired.values())
    alone = [mask for mask, reason in reasons.items() if reason == NO_IMAGE and mask not in used]
    return paired, reasons, (*problems, *strangers(alone, folder))


def _slice(stem: str) -> str:
    return "_".join(word for word in re.split(r"[-_. ]+", stem.lower()) if word not in SHOWN)
