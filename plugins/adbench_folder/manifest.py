"""`manifest:FILE`: the images that a file lists."""

from __future__ import annotations

from adbench import Scan, UserError, read_manifest
from adbench_folder.own import OwnDataset


class ManifestDataset(OwnDataset):
    """Called as the file, without its suffix."""

    def find(self) -> Scan:
        """Read the file. Raises `UserError` that names the line and the column where it is wrong, or gives no image a split."""
        if not self.place.is_file():
            raise UserError(f"There is no manifest {self.place}. {self.card.how_to_get}")
        found = read_manifest(self.place, self.card.reading)
        if not found:
            raise UserError(f"{self.place} gives no image a split and a label: fill in both columns.")
        return found
