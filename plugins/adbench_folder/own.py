"""What sets of one's own have in common, however their images are found."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from adbench import DatasetCard, DiskDataset, UserError
from adbench_folder.naming import located


class OwnDataset(DiskDataset):
    """The set's name stands for the object in prompts; it has masks where any is found. A subclass finds it at `place`."""

    def __init__(self, card: DatasetCard, root: Path | None) -> None:
        super().__init__(card, root)
        name, self.place = located(card.argument, root)
        given = card.name.partition(":")[2]
        if given not in ("", card.argument):  # the card was expanded: it has its name, and the argument is only the place
            name = given
        try:
            has_masks = self.found.has_masks
        except UserError:  # `absence` tells why
            has_masks = False
        plain = Path(name).name.removesuffix("_AD")
        self.card = replace(card, title=name, class_name=plain.replace("_", " "), list_name=plain, has_masks=has_masks)
