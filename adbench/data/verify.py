"""Look through a copy of a set for all that would make figures on it wrong, or that a reader of them should know."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from adbench.contracts.dataset import Dataset
from adbench.data.duplicates import Group, across_splits, near_content, same_content
from adbench.data.findings import Findings
from adbench.data.masks import MaskFacts, MaskFault, look_at_mask, look_inverted
from adbench.data.outliers import Header, odd_depths, odd_sizes, odd_spans, read_header
from adbench.data.pools import shared_images, teaching_pairs
from adbench.data.reading import ImageFacts, Place, in_threads, look, places
from adbench.data.splits import empty_splits, lacking_masks, other_counts, shared_subjects, single_class_splits
from adbench.errors import UserError
from adbench.words import counted

Progress = Callable[[Iterable[Any], str, int], Iterable[Any]]


def _unseen(iterable: Iterable[Any], description: str, total: int) -> Iterable[Any]:
    return iterable


def verify(dataset: Dataset, track: Progress = _unseen) -> Findings:
    """Read all images and masks of a set that is there, and report what is found. See `verify_all`."""
    return verify_all([dataset], track)[0]


def verify_all(datasets: Sequence[Dataset], track: Progress = _unseen) -> list[Findings]:
    """Read all images and masks of sets that are there, and report what is found in each, and shared by sets of a group.

    What is wrong with one image, or with a set's plugin, becomes a finding and stops nothing. The time goes with the number of
    images; of each its facts are kept, less than 1 kB.

    Args:
        track: `track(iterable, description, total)` shows progress and gives the same items.
    """
    reports, seen = {}, {}
    for dataset in datasets:
        name = dataset.card.name
        reports[name] = Findings(name)
        try:
            seen[name] = _look_through(dataset, reports[name], track)
        except Exception as error:
            sentence = str(error) if isinstance(error, UserError) else f"{type(error).__name__}: {error}"
            reports[name].add("error", "broken", f"The set cannot be looked through: {sentence}")
    for one, other in teaching_pairs(datasets):
        if one in seen and other in seen:
            _of_pair(reports[one], reports[other], seen[one], seen[other])
    return list(reports.values())


@dataclass(frozen=True)
class _Looked:
    """What was seen of an image: `image` says why where it cannot be read; `mask` of an abnormal one of a set with masks."""

    image: ImageFacts | str
    mask: MaskFacts | None = None
    header: Header | None = None


def _look_through(dataset: Dataset, report: Findings, track: Progress) -> dict[Place, ImageFacts]:
    among = places(dataset)
    report.images = len(among)
    for problem in dataset.problems():
        report.add("error", "unaccounted", problem)
    _of_items(dataset, among, report)
    looked = dict(zip(among, track(in_threads(partial(_examine, dataset), among), dataset.card.name, len(among)), strict=True))
    seen = {place: found.image for place, found in looked.items() if isinstance(found.image, ImageFacts)}
    if unreadable := [found.image for found in looked.values() if isinstance(found.image, str)]:
        report.add("error", "unreadable", counted(len(unreadable), "unreadable image"), unreadable)
    _of_masks(dataset, {place: found.mask for place, found in looked.items() if found.mask}, report)
    _of_contents(seen, report)
    _of_storage(seen, {place: found.header for place, found in looked.items() if found.header}, report)
    told = {finding.message for finding in report.findings}
    for warning in dataset.warnings():
        if warning not in told:
            report.add("warning", "set-warns", warning)
    return seen


def _examine(dataset: Dataset, place: Place) -> _Looked:
    header = read_header(place.item.path) if place.item.path else None
    try:
        facts = look(dataset, place, perceptual=True)
    except UserError as error:
        return _Looked(str(error))
    except Exception as error:
        return _Looked(f"{place}: {type(error).__name__}: {error}")
    if not (dataset.card.has_masks and place.item.abnormal):
        return _Looked(facts, header=header)
    try:
        return _Looked(facts, look_at_mask(dataset, place, facts.shape), header)
    except Exception as error:
        fault = MaskFault("unusable", f"the mask of {place}: {type(error).__name__}: {error}")
        return _Looked(facts, MaskFacts(fault), header)


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
    for sentence in single_class_splits(dataset):
        report.add("warning", "split-single-class", sentence)
    for sentence in other_counts(dataset):
        report.add("warning", "counts", sentence)
    for sentence, subjects in shared_subjects(dataset).items():
        report.add("warning", "subjects-shared", sentence, subjects)


def _of_masks(dataset: Dataset, masks: Mapping[Place, MaskFacts], report: Findings) -> None:
    faults = [facts.fault for facts in masks.values() if facts.fault]
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
    for split in dict.fromkeys(place.split for place in masks):
        coverages = [facts.coverage for place, facts in masks.items() if place.split == split and facts.coverage is not None]
        if sentence := look_inverted(coverages):
            report.add("warning", "mask-inverted", f"In {split} {sentence}")


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


def _of_storage(seen: Mapping[Place, ImageFacts], headers: Mapping[Place, Header], report: Findings) -> None:
    """How the files hold their pixels."""
    if deep := odd_depths(headers):
        message = counted(len(deep), "image", "of another bit depth than the others: their values may mean something else")
        report.add("warning", "depth-outlier", message, deep)
    if spans := odd_spans(seen):
        message = counted(len(spans), "image", "whose values span a far smaller or larger range than usual in this set")
        report.add("warning", "range-outlier", message, spans)
    if sizes := odd_sizes(seen):
        examples = [f"{place} is {seen[place].shape[1]} x {seen[place].shape[0]}" for place in sizes]
        report.add("note", "sizes", "The sizes of images differ a lot", examples)
    if turned := [place for place, header in headers.items() if header.turned]:
        report.add("note", "exif", counted(len(turned), "image", "turned as their EXIF orientation says"), turned)


def _of_pair(one: Findings, other: Findings, seen: dict[Place, ImageFacts], seen_other: dict[Place, ImageFacts]) -> None:
    """What two sets share, in the reports of both."""
    equal, alike = shared_images(seen, seen_other)
    for check, pairs, sign, words in (
        ("copies-in-sets", equal, "=", "there too"),
        ("similar-in-sets", alike, "~", "that look the same there"),
    ):
        if pairs:
            what = "under zero-shot each set teaches the other. Keep them apart with --other-modalities-only, or remove one copy"
            for report, name, shown in (
                (one, other.dataset, [f"{a} {sign} {other.dataset}:{b}" for a, b in pairs]),
                (other, one.dataset, [f"{b} {sign} {one.dataset}:{a}" for a, b in pairs]),
            ):
                report.add("warning", check, f"{counted(len(pairs), 'image')} {words}, in {name}: {what}", shown)


def _equal(groups: list[Group], sign: str = " = ") -> list[str]:
    return [sign.join(map(str, group)) for group in groups]
