"""Camelyon16 of MedIAnomaly: tiles in `train/good`, `test/good` and `test/Ungood`.

BMAD's copy of the same tiles, in folders of the same names, has a `valid` besides.
"""

from __future__ import annotations

from pathlib import Path

from adbench import Layout, Reading, Scan, scan
from adbench_medical.places import below

PLACES = (("train", "good"), ("test", "good"), ("test", "Ungood"))


def fault(folder: Path) -> str:
    """Why a folder is not this set, or ""."""
    if below(folder, "valid").exists():
        return "has a folder valid, as BMAD's copy, which is bmad-his"
    lacking = ["/".join(place) for place in PLACES if not below(folder, *place).is_dir()]
    return f"has no {lacking[0]}" if lacking else ""


def find(name: str, folder: Path, reading: Reading) -> Scan:
    """The tiles, as their folders say."""
    return scan(folder, Layout(), reading=reading)
