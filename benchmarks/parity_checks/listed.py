"""Images of the golden folder that no recorded run used: the product must list and read them too."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from adbench import Dataset, Item
from adbench.contracts.dataset import SPLITS, Split
from parity_checks.report import Report


def check_listed(folder: Path, datasets: Iterable[Dataset], pattern: str, report: Report) -> None:
    """Tick off files not read yet that a dataset has: under its split and class, readable, masks not empty."""
    places: dict[Path, tuple[Dataset, Split, Item]] = {}
    for dataset in datasets:
        if not dataset.absence():
            items = [(split, item) for split in SPLITS for item in dataset.items(split)]
            places |= {path: (dataset, split, item) for split, item in items for path in (item.path, *item.masks) if path}
    for name in report.unseen((pattern,)):
        if folder / name not in places:
            report.fail(name, "the product does not list it")
            continue
        dataset, split, item = places[folder / name]
        if f"/{split}/" not in name or f"/{item.id.partition('/')[0]}/" not in name:
            report.fail(name, f"listed as {split}/{item.id}")
        elif folder / name in item.masks and not np.any(dataset.mask(split, item)):
            report.fail(name, "read as an empty mask")
        else:
            dataset.image(split, item)
            report.path(name)
