"""Checks of a dataset's items, images and masks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from adbench.contracts.dataset import SPLITS, Item
from adbench.data.duplicates import across_splits, same_content
from adbench.data.masks import look_at_mask
from adbench.data.reading import Place, checked_image, digest
from adbench.testing.checks import Check, CheckFailed, CheckSkipped
from adbench.testing.dataset_bench import DatasetBench

# With fewer images per label, sizes and pixels may tell labels apart by chance.
LEAST_IMAGES = 8
MARK_NOISE = 3  # grey levels by which compression changes a uniform colour
MOST_IMAGES = 64
LABEL_WORDS = ("abnormal", "anomal", "ungood", "defect", "lesion")


def ids_unique(bench: DatasetBench) -> None:
    """Ids are unique in a split, sorted, and contain no path of this machine."""
    for split in SPLITS:
        items = bench.dataset.items(split)
        ids = [item.id for item in items]
        if wrong := [item for item in items if not isinstance(item, Item) or not item.id]:
            raise CheckFailed(f"{wrong[0]!r} in {split} is not an adbench.Item with an id")
        if twice := [name for name, count in Counter(ids).items() if count > 1]:
            raise CheckFailed(f"the id {twice[0]!r} occurs twice in {split}")
        if ids != sorted(ids):
            raise CheckFailed(f"the items of {split} are not sorted by id")
        for name in ids:
            if Path(name).is_absolute() or "\\" in name:
                raise CheckFailed(f"the id {name!r} in {split} is a path of this machine")


def ids_stable(bench: DatasetBench) -> None:
    """A second instance has the same items."""
    again = bench.make()
    for split in SPLITS:
        one, other = (
            [(item.id, item.abnormal, item.group) for item in dataset.items(split)] for dataset in (bench.dataset, again)
        )
        if one != other:
            differing = next((pair for pair in zip(one, other, strict=False) if pair[0] != pair[1]), (len(one), len(other)))
            raise CheckFailed(f"the items of {split} differ between two instances: {differing[0]} and {differing[1]}")


def train_normal(bench: DatasetBench) -> None:
    """`train` holds no abnormal image."""
    if abnormal := [item.id for item in bench.dataset.items("train") if item.abnormal]:
        raise CheckFailed(f"{len(abnormal)} images of train are abnormal, first {abnormal[0]}")


def splits_disjoint(bench: DatasetBench) -> None:
    """No image is in two splits, by content."""
    _demand_disjoint(across_splits(same_content(bench.seen())), "have the same pixels")


def groups_disjoint(bench: DatasetBench) -> None:
    """No subject is in two splits, or the set warns of it."""
    groups: dict[str, list[Place]] = {}
    for place in bench.places():
        if place.item.group is not None:
            groups.setdefault(place.item.group, []).append(place)
    if not groups:
        raise CheckSkipped("the set does not know its subjects")
    if told := [warning for warning in bench.dataset.warnings() if "subject" in warning]:
        raise CheckSkipped(f"the set warns: {told[0]}")
    _demand_disjoint(across_splits(groups.values()), "show one subject")


def _demand_disjoint(shared: list[list[Place]], how: str) -> None:
    if shared:
        first = " and ".join(map(str, shared[0]))
        raise CheckFailed(f"{first} {how} ({len(shared)} such {'case' if len(shared) == 1 else 'cases'})")


def images_stable(bench: DatasetBench) -> None:
    """Images are (H, W, 3) uint8, and the same when read again, even after a returned array was changed."""
    seen = bench.seen()
    for split in SPLITS:
        for item in bench.dataset.items(split)[:8]:
            place = Place(split, item)
            image = checked_image(bench.dataset, place)
            if digest(image) != seen[place].digest:
                raise CheckFailed(f"the image {place} differs when read again (or from several threads)")
            if image.flags.writeable:
                before, image[...] = image.copy(), 0
                if not np.array_equal(checked_image(bench.dataset, place), before):
                    raise CheckFailed(f"the image {place} is cached, and changes with the array that was returned")


def masks_match(bench: DatasetBench) -> None:
    """Masks are bool, have the size of their image, and are not empty."""
    if not bench.dataset.card.has_masks:
        raise CheckSkipped("the set has no masks")
    for place, seen in bench.seen().items():
        if place.item.abnormal and (fault := look_at_mask(bench.dataset, place, seen.shape).fault):
            raise CheckFailed(fault.sentence)


def names_hide_labels(bench: DatasetBench) -> None:
    """What a detector is told about the set (`class_name`, ids) reveals no label."""
    from adbench.contracts.images import ImageBatch
    from adbench.data.server import Decoder
    from adbench.planning.draws import shuffled_test

    told = bench.dataset.card.class_name
    for word in LABEL_WORDS:
        if word in told.lower():
            raise CheckFailed(f"class_name is {told!r}, and {word!r} reveals a label or split")
    if "/" in told or "\\" in told:
        raise CheckFailed(f"class_name is {told!r}, a path")
    entries = shuffled_test(bench.dataset)[:MOST_IMAGES]
    with Decoder(entries, masks=False) as decoder:
        batch = ImageBatch(decoder.source(), range(len(entries)))
        served = batch.pixels(32)
        known = {entry.item.id for entry in entries}
        if len(served) != len(entries) or known & set(batch.ids):
            raise CheckFailed("the ids that a detector sees are those of the set")


def pixels_hide_labels(bench: DatasetBench) -> None:
    """Neither the size of an image nor a mark that all images of one label carry tells normal from abnormal."""
    by_label = {
        label: [item for item in bench.dataset.items("test") if item.abnormal is label][:MOST_IMAGES] for label in (False, True)
    }
    if min(map(len, by_label.values())) < LEAST_IMAGES:
        raise CheckSkipped(f"fewer than {LEAST_IMAGES} images of a label in test")
    seen = bench.seen()
    sizes = [{seen[Place("test", item)].shape for item in items} for items in by_label.values()]
    if not sizes[0] & sizes[1]:
        raise CheckFailed(f"normal and abnormal images differ in size: {_first(sizes[0])} and {_first(sizes[1])}")
    if len(sizes[0] | sizes[1]) > 1:
        return  # images of different sizes cannot be compared by pixel
    stacks = [np.stack([checked_image(bench.dataset, Place("test", item)) for item in items]) for items in by_label.values()]
    (low, high), (other_low, other_high) = ((stack.min(axis=0), stack.max(axis=0)) for stack in stacks)
    apart = (high < other_low) | (other_high < low)
    # Among thousands of pixels some separate a few images by chance; a mark also has one colour.
    marked = apart & (np.minimum(high - low, other_high - other_low) <= MARK_NOISE)
    if marked.any():
        row, column, _ = np.argwhere(marked)[0]
        raise CheckFailed(f"the pixel in row {row}, column {column} alone tells all normal from all abnormal images")


def _first(sizes: Iterable[tuple[int, ...]]) -> str:
    return " x ".join(map(str, min(sizes)))


def labels_differ(bench: DatasetBench) -> None:
    """No image is both normal and abnormal, by content."""
    for group in same_content(bench.seen()):
        if other := [place for place in group if place.item.abnormal != group[0].item.abnormal]:
            raise CheckFailed(f"{other[0]} and {group[0]} have the same pixels and different labels")


CHECKS = (
    Check(
        "ids-unique", ids_unique, "Build ids from what is the same everywhere, e.g. `Ungood/00003_60`, and sort the items by id."
    ),
    Check("ids-stable", ids_stable, "Sort folder listings, and seed random draws."),
    Check(
        "train-normal", train_normal, "Move abnormal images to `valid` or `test`: `train` is what full-normal methods learn from."
    ),
    Check(
        "splits-disjoint",
        splits_disjoint,
        "Remove the copies from one of the splits: a test image must not be learned from.",
    ),
    Check(
        "groups-disjoint",
        groups_disjoint,
        "Split by subject, not by image; for a published split, say in warnings() how many subjects are in two splits.",
    ),
    Check("labels-differ", labels_differ, "Remove the copies whose label is in doubt."),
    Check("images-stable", images_stable, "Return a new array (or a read-only one) each time, converted to RGB uint8."),
    Check(
        "masks-match",
        masks_match,
        "Return (H, W) bool of the image's size for every abnormal image; an image without a lesion is normal.",
    ),
    Check("names-hide-labels", names_hide_labels, "Use the object's plain name as class_name, e.g. `Brain`."),
    Check(
        "pixels-hide-labels",
        pixels_hide_labels,
        "Look for burnt-in marks, frames or crops that only one label has, and remove them.",
    ),
)
