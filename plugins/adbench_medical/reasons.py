"""Say of files that are left out what is known of them here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from adbench import LeftOut, Scan

NO_IMAGE = "a mask of no image"


def explained(found: Scan, reasons: Mapping[Path, str], mask_problems: tuple[str, ...] = ()) -> Scan:
    """A scan with these reasons for files that it leaves out, and with more problems of masks."""
    return replace(
        found,
        left_out=tuple(LeftOut(path, reasons.get(path, reason)) for path, reason in found.left_out),
        mask_problems=(*found.mask_problems, *mask_problems),
    )


def strangers(masks: list[Path], folder: Path) -> tuple[str, ...]:
    """What is wrong where masks belong to no image: none or one sentence."""
    if not masks:
        return ()
    first = masks[0].relative_to(folder).as_posix()
    if len(masks) == 1:
        return (f"The mask {first} belongs to no image: rename or remove it.",)
    return (f"The masks {first}, and {len(masks) - 1} more, belong to no image: rename or remove them.",)
