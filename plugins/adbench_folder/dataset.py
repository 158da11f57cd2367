"""`folder:PATH`: one set in any layout that is known. MVTec has no `valid`, so that split is empty there."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from adbench import Item, Scan, Split, UserError, scan, scan_listed
from adbench_folder import medianomaly, realiad, visa
from adbench_folder.categories import categories, folder_names, has_splits
from adbench_folder.layout import LAYOUT
from adbench_folder.own import OwnDataset


class Listing(NamedTuple):
    """Sets whose images a file lists.

    Attributes:
        find: from the set's folder to that file, or None where it is another kind of set.
        rows: the split and the item of each image.
        label_masks: its masks hold a label for each kind of defect.
    """

    find: Callable[[Path], Path | None]
    rows: Callable[[Path, Path], Iterable[tuple[Split, Item]]]
    label_masks: bool = False


LISTINGS = (
    Listing(medianomaly.listing, medianomaly.rows),
    Listing(visa.listing, visa.rows, label_masks=True),
    Listing(realiad.listing, realiad.rows),
)


class FolderDataset(OwnDataset):
    """Called as the folder."""

    def find(self) -> Scan:
        """Look through the folder. Raises `UserError` where it is not there, cannot be read, or holds several categories."""
        if not self.place.is_dir():
            raise UserError(f"{self.place} is not a folder. {self.card.how_to_get}")
        if not has_splits(folder_names(self.place)):
            below = categories(self.place)
            if len(below) > 1:
                names = ", ".join(category.name for category in below)
                raise UserError(f"{self.place} holds several categories ({names}): name one, folder:{below[0]}.")
            for folder in (self.place, *below):
                for listing in LISTINGS:
                    if file := listing.find(folder):
                        found = scan_listed(folder, file, listing.rows(folder, file), self.card.reading)
                        return replace(found, label_masks=listing.label_masks)
        return scan(self.place, LAYOUT, reading=self.card.reading)

    def absence(self) -> str | None:
        """Why the set cannot be used here; None when it is there."""
        reason = super().absence()
        if reason is None or not self.place.is_dir() or "found" not in vars(self):
            return reason
        # Where nothing at all could be used, what is wrong with the folders says more than that.
        why = next(iter(self.found.problems), "")
        if why:
            return f"{self.card.name} cannot be used as it is: {why}"
        hint = (
            "VisA wants its split_csv/1cls.csv beside the folders of the categories."
            if (self.place / "Data" / "Images").is_dir()
            else self.card.how_to_get
        )
        return (
            f"{self.place} has no images that can be used. {hint} Or list them: `adbench data manifest {self.place} -o FILE`, "
            "correct FILE, then `--datasets manifest:FILE`."
        )
