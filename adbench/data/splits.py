"""What the items of a set say before any image is read: counts, empty splits, subjects in two splits."""

from __future__ import annotations

import os
from itertools import combinations
from pathlib import Path

from adbench.contracts.dataset import SPLITS, Dataset
from adbench.data.accounting import Counted, Scan


def count_rows(dataset: Dataset) -> list[Counted]:
    """What the files of each folder of a set on disk are used as; empty for a set that does not lie in files."""
    found = getattr(dataset, "found", None)
    return found.table() if isinstance(found, Scan) else []


def folder_of(dataset: Dataset) -> Path | None:
    """The folder that holds all images of a set; None where they do not lie in files."""
    folders = {os.path.abspath(item.path.parent) for split in SPLITS for item in dataset.items(split) if item.path}
    return Path(os.path.commonpath(folders)) if folders else None


def counts(dataset: Dataset) -> dict[str, int]:
    """Images by split and label, `{"test/normal": 640, "test/abnormal": 3075, "test": 3715, ...}`."""
    found: dict[str, int] = {}
    for split in SPLITS:
        items = dataset.items(split)
        abnormal = sum(item.abnormal for item in items)
        found |= {f"{split}/normal": len(items) - abnormal, f"{split}/abnormal": abnormal, split: len(items)}
    return found


def empty_splits(dataset: Dataset) -> list[str]:
    """A sentence for each split without images."""
    return [f"{split} is empty." for split in SPLITS if not dataset.items(split)]


def single_class_splits(dataset: Dataset) -> list[str]:
    """A sentence for a `valid` with images of one label only; for `test` see the figures, and `train` holds normals by design."""
    labels = {item.abnormal for item in dataset.items("valid")}
    if len(labels) != 1:
        return []
    what = "abnormal" if labels == {True} else "normal"
    return [f"valid holds {what} images only: few-shot, and what chooses on valid, need both."]


def other_counts(dataset: Dataset) -> list[str]:
    """A sentence on counts that are not those published on the card; an empty split has its own."""
    found = counts(dataset)
    differing = [
        f"{name} {found[name]} instead of {published}"
        for name, published in dataset.card.counts.items()
        if found[name] not in (published, 0)
    ]
    return [f"This copy is not the published one: {', '.join(differing)}."] if differing else []


def lacking_masks(dataset: Dataset) -> list[str]:
    """A sentence on abnormal images without a mask file, in a set on disk that has masks."""
    if not dataset.card.has_masks:
        return []
    abnormal = [item for split in SPLITS for item in dataset.items(split) if item.abnormal and item.path]
    lacking = [item for item in abnormal if not item.masks]
    return [f"{len(lacking)} of {len(abnormal)} abnormal images have no mask, first {lacking[0].path}."] if lacking else []


def shared_subjects(dataset: Dataset) -> dict[str, list[str]]:
    """A sentence for each two splits that share subjects (`Item.group`), with the subjects."""
    groups = {split: {item.group for item in dataset.items(split)} - {None} for split in SPLITS}
    found = {}
    for first, second in combinations(SPLITS, 2):
        if both := groups[first] & groups[second]:
            count = "1 subject is" if len(both) == 1 else f"{len(both)} subjects are"
            found[f"{count} in both {first} and {second}."] = sorted(map(str, both))
    return found
