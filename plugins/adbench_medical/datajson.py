"""RSNA, VinCXR, BrainTumor and LAG of MedIAnomaly: a folder `images`, and `data.json` with their names by split and label.

{"train": {"0": ["a.png", ...], "unlabeled": {...}}, "test": {"0": [...], "1": [...]}}
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from adbench import Item, Reading, Scan, Split, UserError, read_json, scan_listed
from adbench_medical.places import below
from adbench_medical.subjects import subject

SPLITS: tuple[Split, ...] = ("train", "test")
LABELS = {"0": False, "1": True}
FORM = '{"train": {"0": [...]}, "test": {"0": [...], "1": [...]}}'


def fault(folder: Path) -> str:
    """Why a folder is not such a set, or ""."""
    lacking = [name for name in ("data.json", "images") if not below(folder, name).exists()]
    return f"has no {' and no '.join(lacking)}" if lacking else ""


def find(name: str, folder: Path, reading: Reading) -> Scan:
    """The images that the list labels; those that it calls unlabeled are left out.

    Raises:
        UserError: the list cannot be read, or has another form.
    """
    file = below(folder, "data.json")
    return scan_listed(folder, file, _rows(name, file, below(folder, "images")), reading)


def _rows(name: str, file: Path, pictures: Path) -> Iterator[tuple[Split, Item]]:
    content = read_json(file)
    for split in SPLITS:
        labels = content.get(split) if isinstance(content, dict) else None
        if not isinstance(labels, dict):
            raise UserError(f"{file} gives no `{split}`, as in {FORM}: get it again.")
        for label, abnormal in LABELS.items():
            listed = labels.get(label, [])
            if not isinstance(listed, list) or not all(isinstance(image, str) for image in listed):
                raise UserError(f"{file} gives no list of names as `{label}` of `{split}`, as in {FORM}: get it again.")
            for image in listed:
                stem = Path(image).with_suffix("").as_posix()
                kind = "Ungood" if abnormal else "good"
                yield split, Item(f"{kind}/{stem}", abnormal, subject(name, Path(image).stem), pictures / image)
