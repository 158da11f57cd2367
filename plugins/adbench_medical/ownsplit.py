"""The split of sets that were published without one. It is adbench's own, and will not change.

Normal and abnormal images are sorted apart by the SHA-256 of the name of their file, suffix included, in lower case. Of the
normal ones the first 50 % are `train`, those up to 65 % `valid`, the rest `test`; of the abnormal ones the first 20 % are
`valid`, the rest `test`. A share is rounded down. So the split depends on names alone, not on folders, systems or copies, and
a file more or less moves at most one image of its label over each border.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

from adbench import Split

# Per cent of the images up to which a split goes.
NORMAL: tuple[tuple[Split, int], ...] = (("train", 50), ("valid", 65), ("test", 100))
ABNORMAL: tuple[tuple[Split, int], ...] = (("valid", 20), ("test", 100))


def own_split(normal: Iterable[Path], abnormal: Iterable[Path]) -> dict[Path, Split]:
    """Each image to its split, by the rule of this module."""
    return {**_cut(normal, NORMAL), **_cut(abnormal, ABNORMAL)}


def _cut(images: Iterable[Path], borders: tuple[tuple[Split, int], ...]) -> dict[Path, Split]:
    # Names that differ in case alone have one hash: the name as it is decides between them.
    ordered = sorted(images, key=lambda image: (_digest(image.name), image.name))
    found: dict[Path, Split] = {}
    start = 0
    for split, percent in borders:
        end = len(ordered) * percent // 100
        found |= dict.fromkeys(ordered[start:end], split)
        start = end
    return found


def _digest(name: str) -> str:
    return hashlib.sha256(name.lower().encode("utf-8")).hexdigest()
