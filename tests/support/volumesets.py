"""A plugin for tests: `volumes:PATH`, a folder of volumes in the layout of BMAD, an item a slice."""

from __future__ import annotations

from dataclasses import replace
from importlib.metadata import EntryPoint
from pathlib import Path

import adbench
from adbench.files.pictures import frames


class VolumeSet(adbench.DiskDataset):
    """Slices along the axis that the user says."""

    def find(self) -> adbench.Scan:
        """Every item of the folder as often as it has slices."""
        found = adbench.scan(Path(self.card.argument), adbench.Layout())
        items = {split: tuple(part for item in found.items[split] for part in self._slices(item)) for split in found.items}
        return replace(found, items=items)

    def _slices(self, item: adbench.Item) -> list[adbench.Item]:
        assert item.path is not None
        count = frames(item.path, self.card.reading.axis) or 1
        return [replace(item, id=f"{item.id}/{frame:03}", frame=frame, group=item.id) for frame in range(count)]


@adbench.hookimpl
def adbench_datasets() -> list[adbench.DatasetCard]:
    """The one card."""
    return [adbench.DatasetCard(name="volumes:", title="Volumes", factory=f"{__name__}:VolumeSet", has_masks=True)]


def entry_point() -> EntryPoint:
    """As its package would declare it."""
    return EntryPoint("volumesets", __name__, "adbench")
