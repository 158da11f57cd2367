"""Which masks belong to which image, by their names."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from adbench.files.suffixes import stem_of, suffix_of

AFFIXES = ("mask", "gt", "seg", "label", "segmentation", "annotation", "groundtruth", "ground_truth")
JOINTS = ("_", "-", ".", " ")
# Of two files that say the same, one that keeps values counts.
LOSSY = frozenset({".jpg", ".jpeg"})

_WORD = "|".join(sorted(AFFIXES, key=len, reverse=True))
_JOINT = "[_. -]"
_AFTER = re.compile(f"(.+?){_JOINT}(?:{_WORD})(?:{_JOINT}?(\\d+))?", re.S)
_BEFORE = re.compile(f"(?:{_WORD})(?:{_JOINT}(.+)|(\\d.*))", re.S)
# `image3.png` and `mask3.png`; `3_img.png` and `3_mask.png`.
_IMAGE_BEFORE = re.compile(f"(?:image|img){_JOINT}?(\\d.*)", re.S)
_IMAGE_AFTER = re.compile(f"(.+){_JOINT}(?:image|img)", re.S)


@dataclass
class Pairs:
    """What belongs together.

    Attributes:
        masks: image to its masks, to be joined where there are several.
        twins: masks that another file of the same name says already, in another format.
        strangers: masks that belong to no image.
        doubtful: images with masks under different names, of which only one can be meant.
    """

    masks: dict[Path, tuple[Path, ...]] = field(default_factory=dict)
    twins: list[Path] = field(default_factory=list)
    strangers: list[Path] = field(default_factory=list)
    doubtful: dict[Path, tuple[Path, ...]] = field(default_factory=dict)


class _Claim(NamedTuple):
    """A mask that may be an image's: how far its name is from the image's, its stem, and its number among several."""

    distance: int
    stem: str
    number: str
    mask: Path


def pair(images: Sequence[Path], masks: Sequence[Path]) -> Pairs:
    """Match the images and the masks of one split, class and subfolder.

    A mask is called as its image (`007.png`), or with a word before or after it (`007_mask.png`, `gt-007.bmp`, `007.label.png`,
    `mask7.png` of `image7.png`), whatever the suffixes, the case and the way in which letters with accents are encoded.
    Several masks of one image are numbered: `007_mask_0.png`, `007_mask_1.png`. A mask that is called as one image and dressed
    as another is the former's: of the images `7` and `7_mask`, the second gets `7_mask.png`.
    """
    claims: dict[Path, list[_Claim]] = defaultdict(list)
    pairs = Pairs()
    known = _Images(images)
    for mask in masks:
        image, claim = known.owner(mask)
        if image is None:
            pairs.strangers.append(mask)
        else:
            claims[image].append(claim)
    for image in images:
        if image in claims:
            _settle(image, claims[image], pairs)
    return pairs


def plain(name: str) -> str:
    """A name as it is compared: without case, letters with accents in one encoding."""
    return unicodedata.normalize("NFC", name).casefold()


class _Images:
    """Images by every name that a mask may point to."""

    def __init__(self, images: Iterable[Path]) -> None:
        self._by_name: dict[str, list[Path]] = defaultdict(list)
        self._by_stem: dict[str, list[Path]] = defaultdict(list)
        self._by_core: dict[str, list[Path]] = defaultdict(list)
        for image in images:
            stem = plain(stem_of(image.name))
            self._by_name[plain(image.name)].append(image)
            self._by_stem[stem].append(image)
            for pattern in (_IMAGE_BEFORE, _IMAGE_AFTER):
                if match := pattern.fullmatch(stem):
                    self._by_core[match[1]].append(image)

    def owner(self, mask: Path) -> tuple[Path | None, _Claim]:
        """The image that a mask belongs to, None where there is none or more than one."""
        stem = plain(stem_of(mask.name))
        exact = self._by_name.get(plain(mask.name)) or self._by_stem.get(stem)
        if exact:
            return _only(exact), _Claim(0, stem, "", mask)
        for index, distance in ((self._by_stem, 1), (self._by_core, 2)):
            found = {image: number for core, number in _undressed(stem) for image in index.get(core, ())}
            if found:
                image = _only(list(found))
                return image, _Claim(distance, stem, found[image] if image else "", mask)
        return None, _Claim(3, stem, "", mask)


def _only(images: list[Path]) -> Path | None:
    return images[0] if len(images) == 1 else None


def _undressed(stem: str) -> list[tuple[str, str]]:
    """What the image of a mask may be called, and the number of the mask among several, or ""."""
    found = []
    if match := _AFTER.fullmatch(stem):
        found.append((match[1], match[2] or ""))
    if match := _BEFORE.fullmatch(stem):
        found.append((match[1] or match[2], ""))
    return found


def _settle(image: Path, claims: list[_Claim], pairs: Pairs) -> None:
    by_stem: dict[str, list[_Claim]] = defaultdict(list)
    for claim in claims:
        by_stem[claim.stem].append(claim)
    chosen = []
    for same in by_stem.values():
        best = min(same, key=lambda claim: (claim.mask.suffix != image.suffix, suffix_of(claim.mask) in LOSSY, claim.mask.name))
        chosen.append(best)
        pairs.twins += [claim.mask for claim in same if claim is not best]
    chosen.sort(key=lambda claim: claim.mask.name)
    masks = tuple(claim.mask for claim in chosen)
    if len(chosen) == 1 or all(claim.number for claim in chosen):
        pairs.masks[image] = masks
    else:
        pairs.doubtful[image] = masks
