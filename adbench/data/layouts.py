"""Find the images of a set in a tree of folders by the names of the folders, whatever their order and case.

Every folder name between the set's own folder and a file is looked up on its own: it may name a split, a class, or say
that images or masks lie below. So `test/Ungood/img`, `test/img/Ungood` and `Test/test/Ungood` all say the same, and
a name elsewhere in the path is never touched.
"""

from __future__ import annotations

import os
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from adbench.contracts.dataset import SPLITS, Item, Split
from adbench.errors import UserError

IMAGE_SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".webp", ".gif", ".pgm", ".ppm"})
GOOD, UNGOOD = "good", "Ungood"
STRAYS_SHOWN = 3


SPLIT_NAMES: dict[str, Split] = {"train": "train", "valid": "valid", "val": "valid", "validation": "valid", "test": "test"}
MASK_NAMES: dict[str, Split | None] = {
    "anomaly_mask": None,
    "label": None,
    "labels": None,
    "mask": None,
    "masks": None,
    "val_label": "valid",
    "valid_label": "valid",
    "test_label": "test",
}


@dataclass(frozen=True)
class Layout:
    """Folder names, in lower case, and what they say. The defaults read `good` and `Ungood` below each split, as in BMAD.

    Attributes:
        splits: name to split.
        masks: names of folders that hold masks; a split where the name says one, else None.
        images: names of folders that only say "images"; they are passed over.
        defects: any other folder in a split names a class of abnormal images; else such folders are left out.
        mask_suffix: what a mask's stem may have after the stem of its image.
    """

    splits: Mapping[str, Split] = field(default_factory=lambda: SPLIT_NAMES)
    masks: Mapping[str, Split | None] = field(default_factory=lambda: MASK_NAMES)
    images: frozenset[str] = frozenset({"img", "imgs", "image", "images"})
    defects: bool = False
    mask_suffix: str = "_mask"


@dataclass(frozen=True)
class Scan:
    """What was found.

    Attributes:
        items: split to items, sorted by id.
        remarks: what a user should know of this copy, e.g. what was left out.
    """

    items: Mapping[Split, tuple[Item, ...]] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return any(self.items.values())

    @property
    def has_masks(self) -> bool:
        """Whether any image has a mask."""
        return any(item.mask for items in self.items.values() for item in items)


# Folders below the class folder -> stem -> mask files.
Masks = defaultdict[tuple[str, ...], defaultdict[str, list[Path]]]


@dataclass(frozen=True)
class _Place:
    """What the folders above a file say of it; `home` leads to its class folder, `rest` goes on from there."""

    split: Split | None
    label: str | None
    is_mask: bool
    home: tuple[str, ...]
    rest: tuple[str, ...]


def scan(folder: Path, layout: Layout, subject: Callable[[str], str | None] = lambda stem: None) -> Scan:
    """Find the images of a set and pair them with their masks.

    An item's id is its class and its stem, `Ungood/00003_60`, however the folders are nested and their case; with the
    suffix where two files share a stem. Masks are matched by stem, whatever their suffix; of several, the one that
    has the image's whole name. Hidden files and files that are no images are passed over.

    Args:
        folder: the set's own folder; only what is below it is interpreted.
        layout: what the names of folders say.
        subject: from an image's stem to the subject (patient) it is from, or None.

    Raises:
        UserError: a folder cannot be read, or the same split and class lies in two places.
    """
    images: dict[tuple[Split, str], list[tuple[_Place, Path]]] = defaultdict(list)
    masks: dict[tuple[Split, str], Masks] = defaultdict(lambda: defaultdict(lambda: defaultdict(list)))
    strays: list[tuple[Path, int]] = []
    for parts, files in _folders(folder):
        place = _interpret(parts, layout)
        if not files:
            continue
        if place.split is None or place.label is None:
            strays.append((folder.joinpath(*parts), len(files)))
        elif place.is_mask:
            for file in files:
                masks[place.split, place.label][place.rest][file.stem].append(file)
        else:
            images[place.split, place.label].extend((place, file) for file in files)
    _check_homes(folder, images)
    items: dict[Split, list[Item]] = {split: [] for split in SPLITS}
    remarks = _stray_remarks(strays)
    for (split, label), found in images.items():
        if split == "train" and label != GOOD:
            where = folder.joinpath(*found[0][0].home)
            remarks.append(f"{len(found)} abnormal images in {where} are left out: train holds normals only.")
            continue
        items[split].extend(_items(label, found, masks[split, label], layout, subject))
    return Scan({split: tuple(sorted(items[split], key=lambda item: item.id)) for split in SPLITS}, tuple(remarks))


def _interpret(parts: tuple[str, ...], layout: Layout) -> _Place:
    split: Split | None = None
    label: str | None = None
    is_mask = False
    home: tuple[str, ...] = ()
    rest: tuple[str, ...] = ()
    for depth, part in enumerate(parts, start=1):
        name = part.lower()
        if label is None and name in layout.splits:
            split, home, rest = layout.splits[name], parts[:depth], ()
        elif name in layout.masks:
            is_mask, split = True, layout.masks[name] or split
        elif name in layout.images:
            continue
        elif label is None and name in (GOOD, UNGOOD.lower()):
            label, home, rest = (GOOD if name == GOOD else UNGOOD), parts[:depth], ()
        elif label is None and layout.defects and split is not None:
            label, home, rest = part, parts[:depth], ()
        else:
            rest = (*rest, part)
    return _Place(split, label, is_mask, home, rest)


def _items(
    label: str,
    found: list[tuple[_Place, Path]],
    masks: Masks,
    layout: Layout,
    subject: Callable[[str], str | None],
) -> Iterator[Item]:
    names = ["/".join((label, *place.rest, file.stem)) for place, file in found]
    times = Counter(names)
    for name, (place, file) in zip(names, found, strict=True):
        candidates = masks[place.rest]
        with_stem = [*candidates.get(file.stem, ()), *candidates.get(file.stem + layout.mask_suffix, ())]
        mask = next((mask for mask in with_stem if mask.name == file.name), with_stem[0] if with_stem else None)
        identity = name + file.suffix if times[name] > 1 else name
        abnormal = label != GOOD
        yield Item(identity, abnormal, subject(file.stem), file, mask if abnormal else None)


def _check_homes(folder: Path, images: Mapping[tuple[Split, str], list[tuple[_Place, Path]]]) -> None:
    for (split, label), found in images.items():
        homes = sorted({place.home for place, _ in found})
        if len(homes) > 1:
            first, second = (folder.joinpath(*home) for home in homes[:2])
            raise UserError(f"The {label} images of {split} lie in two places, {first} and {second}: remove one of them.")


def _stray_remarks(strays: list[tuple[Path, int]]) -> list[str]:
    shown = [
        f"{count} images in {where} are left out: no split and class can be told from the folder names."
        for where, count in strays[:STRAYS_SHOWN]
    ]
    if len(strays) > STRAYS_SHOWN:
        shown.append(f"{len(strays) - STRAYS_SHOWN} more folders of images are left out for the same reason.")
    return shown


def _folders(folder: Path) -> Iterator[tuple[tuple[str, ...], list[Path]]]:
    """All folders below `folder`, itself first: the names that lead there and the image files in it, sorted."""
    yield from _walk(folder, (), frozenset())


def _walk(folder: Path, parts: tuple[str, ...], above: frozenset[str]) -> Iterator[tuple[tuple[str, ...], list[Path]]]:
    real = os.path.realpath(folder)
    if real in above:  # a link that leads back up
        return
    try:
        with os.scandir(folder) as entries:
            visible = sorted((entry.name, entry.is_dir()) for entry in entries if not _hidden(entry.name))
    except OSError as error:
        raise UserError(f"The folder {folder} cannot be read: {error.strerror}.") from error
    # A link that leads nowhere counts as a file: leaving it out in silence would change the set.
    names = [name for name, is_folder in visible if not is_folder]
    yield parts, [folder / name for name in names if os.path.splitext(name)[1].lower() in IMAGE_SUFFIXES]
    for name, is_folder in visible:
        if is_folder:
            yield from _walk(folder / name, (*parts, name), above | {real})


def _hidden(name: str) -> bool:
    return name.startswith(".") or name == "__MACOSX"
