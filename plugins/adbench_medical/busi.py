"""BUSI (Al-Dhabyani et al., Data in Brief 2020): folders `normal`, `benign` and `malignant` with images and masks side by side.

`benign (1).png` has the mask `benign (1)_mask.png`, and where there are several lesions `benign (1)_mask_1.png` and so on. Normal
images have a black mask each, which says nothing.
"""

from __future__ import annotations

import re
from collections import defaultdict
from pathlib import Path

from adbench import DiskDataset, Item, Scan, scan_listed
from adbench_medical.ownsplit import own_split
from adbench_medical.places import below, images, located, missing_folders
from adbench_medical.reasons import NO_IMAGE, explained, strangers

NAMES = ("dataset_busi_with_gt", "busi")
NORMAL, ABNORMAL = "normal", ("benign", "malignant")
BLACK = "a mask of a normal image, which is black"
_MASK = re.compile(r"(.+)_mask(?:_\d+)?", re.I)


class BusiDataset(DiskDataset):
    """Breast ultrasound; the type of an abnormal image is `benign` or `malignant`. Which are of one patient is not known."""

    def find(self) -> Scan:
        """The images of the three classes, with adbench's own split. Raises `UserError` where the set is not there."""
        folder = located(self.card, self.root, NAMES, _fault)
        masks: dict[Path, list[Path]] = {}
        alone: list[Path] = []
        kinds: dict[Path, str] = {}
        for kind in (NORMAL, *ABNORMAL):
            paired, without = _paired(images(below(folder, kind)))
            masks |= paired
            alone += without
            kinds |= dict.fromkeys(paired, kind)
        splits = own_split(
            (image for image, kind in kinds.items() if kind == NORMAL), (image for image, kind in kinds.items() if kind != NORMAL)
        )
        rows = [(splits[image], _item(image, kind, masks[image])) for image, kind in kinds.items()]
        black = [mask for image, kind in kinds.items() if kind == NORMAL for mask in masks[image]]
        reasons = {**dict.fromkeys(black, BLACK), **dict.fromkeys(alone, NO_IMAGE)}
        return explained(scan_listed(folder, folder, rows, self.card.reading), reasons, strangers(alone, folder))


def _paired(files: list[Path]) -> tuple[dict[Path, list[Path]], list[Path]]:
    """Each image of a class to its masks, and the masks of no image."""
    masks: dict[str, list[Path]] = defaultdict(list)
    pictures: list[Path] = []
    for file in files:
        if match := _MASK.fullmatch(file.stem):
            masks[match[1].lower()].append(file)
        else:
            pictures.append(file)
    paired = {image: masks.pop(image.stem.lower(), []) for image in pictures}
    return paired, [mask for several in masks.values() for mask in several]


def _item(image: Path, kind: str, masks: list[Path]) -> Item:
    abnormal = kind != NORMAL
    identity = f"{kind if abnormal else 'good'}/{image.stem}"
    return Item(identity, abnormal, path=image, masks=tuple(masks), type=kind if abnormal else None)


def _fault(folder: Path) -> str:
    return missing_folders(folder, (NORMAL, *ABNORMAL))
