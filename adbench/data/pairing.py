"""Which mask belongs to which image, by their names."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Sequence
from pathlib import Path

AFFIXES = ("mask", "gt", "seg", "label", "segmentation", "annotation", "groundtruth", "ground_truth")
JOINTS = ("_", "-", ".", " ")


def pair(images: Sequence[Path], masks: Sequence[Path]) -> tuple[dict[Path, Path], list[Path]]:
    """Match the images and the masks of one split, class and subfolder.

    A mask is called as its image (`007.png`), or with a word before or after it (`007_mask.png`, `gt-007.bmp`, `007.label.png`),
    whatever the suffixes, the case and the way in which letters with accents are encoded. The plainest match counts: of
    `7.png` and `7_mask.png`, the image `7_mask` gets the second.

    Returns:
        Image to mask; and the masks that belong to no image.
    """
    by_name = _index(masks, lambda path: path.name)
    by_stem = _index(masks, lambda path: path.stem)
    found: dict[Path, Path] = {}
    for image in images:
        if exact := by_name.get(_plain(image.name)) or by_stem.get(_plain(image.stem)):
            found[image] = exact[0]
    used = set(found.values())
    for image in images:
        if image not in found:
            for name in _dressed(_plain(image.stem)):
                if free := [mask for mask in by_stem.get(name, ()) if mask not in used]:
                    found[image] = free[0]
                    used.add(free[0])
                    break
    # Two masks of one image in different formats say the same: the other one is no stranger.
    known = {name for image in found for name in (_plain(image.stem), *_dressed(_plain(image.stem)))}
    return found, [mask for mask in masks if mask not in used and _plain(mask.stem) not in known]


def _index(masks: Sequence[Path], name_of: Callable[[Path], str]) -> dict[str, list[Path]]:
    index: dict[str, list[Path]] = {}
    for mask in masks:
        index.setdefault(_plain(name_of(mask)), []).append(mask)
    return index


def _plain(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()


def _dressed(stem: str) -> list[str]:
    """What a mask of this image may be called, with a word before or after."""
    return [name for joint in JOINTS for word in AFFIXES for name in (f"{stem}{joint}{word}", f"{word}{joint}{stem}")]
