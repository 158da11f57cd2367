"""Sets of MedIAnomaly (Cai et al., 2024): a folder `images`, and `data.json` with their names by split and label.

{"train": {"0": ["a.png", ...]}, "test": {"0": [...], "1": [...]}}
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from adbench import SPLIT_NAMES, Item, Split, UserError, read_json

NAME = "data.json"
IMAGES = "images"
NORMAL = "0"


def listing(folder: Path) -> Path | None:
    """The list of a set's folder."""
    file = folder / NAME
    return file if file.is_file() and (folder / IMAGES).is_dir() else None


def rows(folder: Path, file: Path) -> Iterator[tuple[Split, Item]]:
    """The images with a label, which is a digit; others, such as `unlabeled`, are not used. Raises `UserError` for another form."""
    content = read_json(file)
    if not isinstance(content, dict) or not content.keys() & SPLIT_NAMES.keys():
        raise UserError(f'{file} is no list such as {{"train": {{"0": [...]}}, "test": {{"0": [...], "1": [...]}}}}: correct it.')
    for name, split in SPLIT_NAMES.items():
        labels = content.get(name, {})
        labelled = {label: names for label, names in labels.items() if label.isdecimal()} if isinstance(labels, dict) else None
        if labelled is None or not all(isinstance(names, list) for names in labelled.values()):
            raise UserError(f"{file}: `{name}` does not give a list of names for each label: correct it.")
        several = len(labelled.keys() - {NORMAL}) > 1
        for label, names in labelled.items():
            abnormal = label != NORMAL
            for image in map(str, names):
                identity = f"{'Ungood' if abnormal else 'good'}/{Path(image).with_suffix('').as_posix()}"
                kind = label if abnormal and several else None
                yield split, Item(identity, abnormal, path=folder / IMAGES / image, type=kind)
