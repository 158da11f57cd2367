"""`folder:PATH`: one set in MVTec's or BMAD's layout. MVTec has no `valid`, so that split is empty there."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from adbench import SPLIT_NAMES, DatasetCard, DiskDataset, Layout, Scan, UserError, scan

# MVTec's and BMAD's at once: any class below a split that is not called normal is abnormal.
LAYOUT = Layout(defects=True, masks_outside="test")


class FolderDataset(DiskDataset):
    """The folder's name stands for the object in prompts; the set has masks where any is found."""

    def __init__(self, card: DatasetCard, root: Path | None) -> None:
        super().__init__(card, root)
        self.folder = Path(card.argument).expanduser()
        name = self.folder.resolve().name
        try:
            has_masks = self.found.has_masks
        except UserError:  # `absence` tells why
            has_masks = False
        plain = name.removesuffix("_AD")
        self.card = replace(card, title=name, class_name=plain.replace("_", " "), list_name=plain, has_masks=has_masks)

    def find(self) -> Scan:
        """Scan the folder. Raises `UserError` where it is not there, has no images, or holds several categories."""
        if not self.folder.is_dir():
            raise UserError(f"{self.folder} is not a folder. {self.card.how_to_get}")
        categories = _categories(self.folder)
        if len(categories) > 1:
            raise UserError(
                f"{self.folder} holds several categories ({', '.join(categories)}): name one, "
                f"folder:{self.folder / categories[0]}."
            )
        found = scan(self.folder, LAYOUT)
        if not found:
            raise UserError(f"{self.folder} has no images that can be used. {self.card.how_to_get}")
        return found


def _categories(folder: Path) -> list[str]:
    """Names of the folders that hold splits of their own, where `folder` itself has none."""
    children = _folder_names(folder)
    if any(_is_split(child) for child in children):
        return []
    return [child for child in children if any(_is_split(below) for below in _folder_names(folder / child))]


def _folder_names(folder: Path) -> list[str]:
    try:
        return sorted(child.name for child in folder.iterdir() if child.is_dir() and not child.name.startswith("."))
    except OSError as error:
        raise UserError(f"The folder {folder} cannot be read: {error.strerror}.") from error


def _is_split(name: str) -> bool:
    return name.lower() in SPLIT_NAMES
