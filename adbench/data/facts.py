"""What there is to know of a set that is here, before any of its images is read."""

from __future__ import annotations

from dataclasses import dataclass

from adbench.contracts.dataset import SPLITS, Dataset
from adbench.data.accounting import Counted
from adbench.data.disk import DiskDataset
from adbench.data.splits import count_rows, counts, folder_of
from adbench.errors import UserError


@dataclass(frozen=True)
class SetFacts:
    """One set.

    Attributes:
        where: its folder; None where it does not lie in files.
        has_masks: it has pixel labels.
        counts: images by split and label, `{"test/normal": 640, "test/abnormal": 3075, "test": 3715, ...}`.
        values: which values of images with more than 8 bits become black and white.
        subjects, types, sites: how many are known.
        folders: what the files of each folder are used as.
        warnings: what a user should know of this copy.
        problems: why it cannot be used as it is, each with what to do.
    """

    name: str
    title: str
    modality: str
    licence: str
    where: str | None
    has_masks: bool
    counts: dict[str, int]
    values: str
    subjects: int
    types: int
    sites: int
    folders: list[Counted]
    warnings: list[str]
    problems: list[str]


def set_facts(dataset: Dataset) -> SetFacts:
    """The facts of a set that is there."""
    card, items = dataset.card, [item for split in SPLITS for item in dataset.items(split)]
    folder = folder_of(dataset)
    return SetFacts(
        name=card.name,
        title=card.title,
        modality=card.modality,
        licence=card.licence,
        where=None if folder is None else str(folder),
        has_masks=card.has_masks,
        counts=counts(dataset),
        values=values_shown(dataset),
        subjects=len({item.group for item in items} - {None}),
        types=len({item.type for item in items} - {None}),
        sites=len({item.site for item in items} - {None}),
        folders=count_rows(dataset),
        warnings=dataset.warnings(),
        problems=dataset.problems(),
    )


def values_shown(dataset: Dataset) -> str:
    """Which values become black and white in images of more than 8 bits."""
    if not isinstance(dataset, DiskDataset):
        return "as the set gives them"
    try:
        return dataset.levels.shown() if dataset.levels else "none here"
    except UserError:
        return "not known"  # the set's problems say why
