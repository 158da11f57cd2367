"""A BMAD set on disk, in any of the layouts in circulation."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

from adbench import DiskDataset, Layout, Scan, UserError, scan
from adbench_bmad.names import FOLDERS, names_another, names_set, subject


class BmadDataset(DiskDataset):
    """One of the six sets, below the data root or one level deeper; `group` is the subject where file names tell it."""

    def find(self) -> Scan:
        """Scan the set's folder. Raises `UserError` where there is none, none with images, or more than one."""
        name, get = self.card.name, self.card.how_to_get
        if self.root is None:
            raise UserError(f"{name} needs a data root (--data-root or ADBENCH_DATA). {get}")
        if not self.root.is_dir():
            raise UserError(f"The data root {self.root} is not a folder. {get}")
        empty: list[Path] = []
        for folders in _nearest_first(self.root, name):
            scans = {folder: scan(folder, Layout(), partial(subject, name), self.card.reading) for folder in folders}
            full = [folder for folder, found in scans.items() if found]
            if len(full) > 1:
                raise UserError(f"Both {full[0]} and {full[1]} hold {name}: remove or rename one of them.")
            if full:
                return scans[full[0]]
            empty += folders
        if empty:
            found = scan(empty[0], Layout(), reading=self.card.reading)
            remarks = " ".join([*found.problems[:1], *found.remarks])
            raise UserError(
                f"{name}: {empty[0]} has no images in folders such as test/good/img and test/Ungood/img. {remarks or get}"
            )
        looked_for = ", ".join(FOLDERS[name])
        raise UserError(
            f"{name}: no folder in {self.root} or one level deeper is called {looked_for} (any case, with or without _AD). {get}"
        )


def _nearest_first(root: Path, dataset: str) -> Iterator[list[Path]]:
    """Folders named as the set: in the root, one level deeper, and the root itself."""
    if names_another(root.resolve().name):
        return
    try:
        children = [child for child in _folders(root) if not names_another(child.name)]
        yield [child for child in children if names_set(child.name, dataset)]
        yield [below for child in children for below in _folders(child) if names_set(below.name, dataset)]
    except OSError as error:
        raise UserError(f"The data root {root} cannot be searched: {error.strerror}, {error.filename}.") from error
    if names_set(root.resolve().name, dataset):
        yield [root]


def _folders(folder: Path) -> list[Path]:
    return sorted(child for child in folder.iterdir() if child.is_dir() and not child.name.startswith("."))
