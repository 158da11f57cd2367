"""Look through a copy of a set for all that would make figures on it wrong, or that a reader of them should know."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from adbench.contracts.dataset import Dataset
from adbench.data.duplicates import Group, across_splits, near_content, same_content
from adbench.data.findings import Findings
from adbench.data.masks import MaskFault, mask_fault
from adbench.data.reading import ImageFacts, Place, in_threads, look, places
from adbench.data.splits import empty_splits, lacking_masks, other_counts, shared_subjects
from adbench.errors import UserError
from adbench.words import counted

Progress = Callable[[Iterable[Any], str, int], Iterable[Any]]


def verify(dataset: Dataset, track: Progress = lambda iterable, description, total: iterable) -> Findings:
    """Read all images and masks of a set that is there, and report what is found.

    What is wrong with one image, or with the set's plugin, becomes a finding and stops nothing.

    Args:
        track: `track(iterable, description, total)` shows progress and gives the same items.
    """
    report = Findings(dataset.card.name)
    try:
        _look_through(dataset, report, track)
    except Exception as error:
        sentence = str(error) if isinstance(error, UserError) else f"{type(error).__name__}: {error}"
        report.add("error", "broken", f"The set cannot be looked through: {sentence}")
    return report


def _look_through(dataset: Dataset, report: Findings, track: Progress) -> None:
    among = places(dataset)
    report.images = len(among)
    for problem in dataset.problems():
        report.add("error", "unaccounted", problem)
    _of_items(dataset, among, report)
    seen: dict[Place, ImageFacts] = {}
    unreadable: list[str] = []
    faults: list[MaskFault] = []
    examined = track(in_threads(partial(_examine, dataset), among), dataset.card.name, len(among))
    for place, (facts, fault) in zip(among, examined, strict=True):
        if isinstance(facts, ImageFacts):
            seen[place] = facts
        else:
            unreadable.append(facts)
        if fault:
            faults.append(fault)
    if unreadable:
        report.add("error", "unreadable", counted(len(unreadable), "unreadable image"), unreadable)
    _of_masks(dataset, faults, report)
    _of_contents(seen, report)
    told = {finding.message for finding in report.findings}
    for warning in dataset.warnings():
        if warning not in told:
            report.add("warning", "set-warns", warning)


def _examine(dataset: Dataset, place: Place) -> tuple[ImageFacts | str, MaskFault | None]:
    """What an image looks like, or why it cannot be read, and what is wrong with its mask."""
    try:
        facts = look(dataset, place, perceptual=True)
    except UserError as error:
        return str(error), None
    except Exception as error:
        return f"{place}: {type(error).__name__}: {error}", None
    if not (dataset.card.has_masks and place.item.abnormal):
        return facts, None
    try:
        return facts, mask_fault(dataset, place, facts.shape)
    except Exception as error:
        return facts, MaskFault("unusable", f"the mask of {place}: {type(error).__name__}: {error}")


def _of_items(dataset: Dataset, among: list[Place], report: Findings) -> None:
    """What the items say by themselves."""
    if abnormal := [place for place in among if place.split == "train" and place.item.abnormal]:
        report.add("error", "train-abnormal", counted(len(abnormal), "abnormal image", "in train"), abnormal)
    labels = {item.abnormal for item in dataset.items("test")}
    if len(labels) < 2:
        message = "test lacks normal or abnormal images: no figure can be computed." if labels else "test is empty."
        report.add("error", "test-incomplete", message)
    for sentence in empty_splits(dataset):
        if sentence != "test is empty.":
            report.add("warning", "split-empty", sentence)
    for sentence in other_counts(dataset):
        report.add("warning", "counts", sentence)
    for sentence, subjects in shared_subjects(dataset).items():
        report.add("warning", "subjects-shared", sentence, subjects)


def _of_masks(dataset: Dataset, faults: list[MaskFault], report: Findings) -> None:
    lacking, unusable, empty = (
        [fault.sentence for fault in faults if fault.kind == kind] for kind in ("lacking", "unusable", "empty")
    )
    if lacking:
        said = [sentence for sentence in lacking_masks(dataset) if sentence in dataset.warnings()]
        message = said[0] if said else counted(len(lacking), "abnormal image", "without a mask")
        report.add("error", "mask-lacking", message, lacking)
    if unusable:
        report.add(
            "error", "mask-unusable", counted(len(unusable), "mask", "unreadable, of another size or not two-valued"), unusable
        )
    if empty:
        report.add("error", "mask-empty", counted(len(empty), "mask", "without lesion, though the image is abnormal"), empty)


def _of_contents(seen: dict[Place, ImageFacts], report: Findings) -> None:
    """Images that are there twice. Those of a single colour are equal to each other and mean nothing."""
    if blank := [place for place, facts in seen.items() if facts.blank]:
        report.add("warning", "blank", counted(len(blank), "image", "of a single colour"), blank)
    same = same_content({place: facts for place, facts in seen.items() if not facts.blank})
    if doubtful := [group for group in same if len({place.item.abnormal for place in group}) == 2]:
        report.add("error", "labels-differ", counted(len(doubtful), "image", "both as normal and as abnormal"), _equal(doubtful))
    across = across_splits(same)
    leaked = [group for group in across if any(place.split == "test" for place in group)]
    if leaked:
        report.add("error", "copies-in-test", counted(len(leaked), "image", "in test and in another split"), _equal(leaked))
    if others := [group for group in across if group not in leaked]:
        report.add("warning", "copies-in-splits", counted(len(others), "image", "in train and in valid"), _equal(others))
    if within := [group for group in same if len({place.split for place in group}) == 1]:
        report.add("warning", "copies", counted(len(within), "image", "more than once in a split"), _equal(within))
    near = near_content(seen)
    if similar := across_splits(near):
        message = counted(len(similar), "group", "of images that look the same, in two splits: copies, or neighbouring slices")
        report.add("warning", "similar-in-splits", message, _equal(similar, " ~ "))
    if alike := [group for group in near if len({place.split for place in group}) == 1]:
        message = counted(len(alike), "group", "of images that look the same, in one split: copies, or neighbouring slices")
        report.add("note", "similar", message, _equal(alike, " ~ "))


def _equal(groups: list[Group], sign: str = " = ") -> list[str]:
    return [sign.join(map(str, group)) for group in groups]
