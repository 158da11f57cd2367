"""Find the images of a set in a tree of folders by the names of the folders, whatever their order and case.

Every folder name between the set's own folder and a file is looked up on its own: it may name a split, a class, or say
that images or masks lie below. So `test/Ungood/img`, `test/img/Ungood` and `Test/test/Ungood` all say the same, and
a name elsewhere in the path is never touched.
"""

from __future__ import annotations

import os
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from adbench.contracts.dataset import SPLITS, Item, Split
from adbench.data.pairing import pair
from adbench.errors import UserError
from adbench.files.suffixes import IMAGE_SUFFIXES

GOOD, UNGOOD = "good", "Ungood"
GOOD_NAMES = frozenset({"good", "normal", "ok", "healthy", "negative"})
UNGOOD_NAMES = frozenset({"ungood", "abnormal", "anomaly", "anomalous", "bad", "ko", "positive"})
STRAYS_SHOWN = 3
# Folders that systems and file servers make, with thumbnails or deleted files in them.
SYSTEM_FOLDERS = frozenset({"__macosx", "@eadir", "#recycle", "$recycle.bin", "lost+found", "thumbs", "thumbnails"})

SPLIT_NAMES: dict[str, Split] = {"train": "train", "valid": "valid", "val": "valid", "validation": "valid", "test": "test"}
# A defect may be called so: directly below a split such a folder holds masks only where it has classes in it.
AMBIGUOUS_MASK_NAMES = frozenset({"label", "labels", "mask", "masks"})
MASK_NAMES: dict[str, Split | None] = {
    **dict.fromkeys(AMBIGUOUS_MASK_NAMES),
    **dict.fromkeys(("anomaly_mask", "annotation", "annotations", "gt", "ground_truth", "groundtruth", "ground-truth")),
    **dict.fromkeys(("seg", "segs", "segmentation", "segmentations")),
    **{f"{name}_{what}": split for name, split in SPLIT_NAMES.items() for what in ("label", "mask", "gt")},
}


@dataclass(frozen=True)
class Layout:
    """Folder names, in lower case, and what they say. The defaults read `good` and `Ungood` below each split, as in BMAD.

    Attributes:
        splits: name to split.
        masks: names of folders that hold masks; a split where the name says one, else None.
        images: names of folders that only say "images"; they are passed over.
        defects: any other folder in a split names a class of abnormal images; else such folders are left out.
        masks_outside: the split of masks that lie in none, as MVTec's `ground_truth` does.
    """

    splits: Mapping[str, Split] = field(default_factory=lambda: SPLIT_NAMES)
    masks: Mapping[str, Split | None] = field(default_factory=lambda: MASK_NAMES)
    images: frozenset[str] = frozenset({"img", "imgs", "image", "images"})
    defects: bool = False
    masks_outside: Split | None = None


@dataclass(frozen=True)
class Scan:
    """What was found.

    Attributes:
        items: split to items, sorted by id.
        remarks: what a user should know of this copy, e.g. what was left out.
        problems: why it must not be used as it is, each with what to do.
        mask_problems: the same, where masks are used.
    """

    items: Mapping[Split, tuple[Item, ...]] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    mask_problems: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return any(self.items.values())

    @property
    def has_masks(self) -> bool:
        """Whether any image has a mask."""
        return any(item.masks for items in self.items.values() for item in items)


@dataclass(frozen=True)
class _Place:
    """What the folders above a file say of it; `home` leads to its class folder, `rest` goes on from there."""

    split: Split | None
    label: str | None
    is_mask: bool
    home: tuple[str, ...]
    rest: tuple[str, ...]


Class = tuple[Split, str]
Rest = tuple[str, ...]


def scan(folder: Path, layout: Layout, subject: Callable[[str], str | None] = lambda stem: None) -> Scan:
    """Find the images of a set and pair them with their masks.

    An item's id is its class and its stem, `Ungood/00003_60`, however the folders are nested and their case; with the
    suffix where two files share a stem. Masks are matched by name within a split and class, see `adbench.data.pairing`. Hidden
    files and files that are no images are passed over.

    Args:
        folder: the set's own folder; only what is below it is interpreted.
        layout: what the names of folders say.
        subject: from an image's stem to the subject (patient) it is from, or None.

    Raises:
        UserError: a folder cannot be read, or the same split and class lies in two places.
    """
    images: dict[Class, list[tuple[_Place, Path]]] = defaultdict(list)
    masks: dict[Class, dict[Rest, list[Path]]] = defaultdict(lambda: defaultdict(list))
    strays: list[tuple[Path, int]] = []
    system: list[Path] = []
    tree = list(_walk(folder, (), frozenset(), system))
    children = _children(parts for parts, _ in tree)
    for parts, files in tree:
        place = _interpret(parts, layout, children)
        if not files:
            continue
        if place.split is None or place.label is None:
            strays.append((folder.joinpath(*parts), len(files)))
        elif place.is_mask:
            masks[place.split, place.label][place.rest].extend(files)
        else:
            images[place.split, place.label].extend((place, file) for file in files)
    _check_homes(folder, images)
    items: dict[Split, list[Item]] = {split: [] for split in SPLITS}
    remarks = [*_stray_remarks(strays), *(f"{place} is left out: a system made it." for place in system)]
    problems: list[str] = []
    mask_problems: list[str] = []
    for (split, label), found in images.items():
        if split == "train" and label != GOOD:
            where = folder.joinpath(*found[0][0].home)
            remarks.append(f"{len(found)} abnormal images in {where} are left out: train holds normals only.")
            continue
        problems += _mixed(folder, found)
        paired, strangers = _paired(found, masks.pop((split, label), {}))
        items[split] += _items(label, found, paired, subject)
        mask_problems += _without_image(strangers) if label != GOOD else ()
    for (split, label), left in masks.items():
        if split != "train" and label != GOOD:
            mask_problems += _without_image([mask for several in left.values() for mask in several])
    mask_problems += _without_mask(items)
    ordered = {split: tuple(sorted(items[split], key=lambda item: item.id)) for split in SPLITS}
    return Scan(ordered, tuple(remarks), tuple(problems), tuple(mask_problems))


def _children(folders: Iterable[tuple[str, ...]]) -> dict[tuple[str, ...], set[str]]:
    """Folder to the names of the folders in it, in lower case."""
    found: dict[tuple[str, ...], set[str]] = defaultdict(set)
    for parts in folders:
        if parts:
            found[parts[:-1]].add(parts[-1].lower())
    return found


def _interpret(parts: tuple[str, ...], layout: Layout, children: Mapping[tuple[str, ...], set[str]]) -> _Place:
    split: Split | None = None
    label: str | None = None
    is_mask = False
    home: tuple[str, ...] = ()
    rest: tuple[str, ...] = ()
    for depth, part in enumerate(parts, start=1):
        name, beside, below = part.lower(), children[parts[: depth - 1]], children[parts[:depth]]
        # A defect may be called `label`; classes in such a folder tell that it holds masks.
        is_class = layout.defects and split is not None and label is None and not UNGOOD_NAMES & beside
        holds_classes = bool(below & (GOOD_NAMES | UNGOOD_NAMES | (beside - {name})))
        if label is None and name in layout.splits:
            split, home, rest = layout.splits[name], parts[:depth], ()
        elif name in layout.masks and not (is_class and name in AMBIGUOUS_MASK_NAMES and not holds_classes):
            is_mask, split = True, layout.masks[name] or split or layout.masks_outside
        elif name in layout.images:
            continue
        elif label is None and name in GOOD_NAMES | UNGOOD_NAMES:
            label, home, rest = (GOOD if name in GOOD_NAMES else UNGOOD), parts[:depth], ()
        elif is_class:
            label, home, rest = part, parts[:depth], ()
        else:
            rest = (*rest, part)
    return _Place(split, label, is_mask, home, rest)


def _paired(found: list[tuple[_Place, Path]], masks: Mapping[Rest, list[Path]]) -> tuple[dict[Path, Path], list[Path]]:
    """Image to mask, matched within each subfolder of a class; and the masks that belong to no image."""
    images: dict[Rest, list[Path]] = defaultdict(list)
    for place, file in found:
        images[place.rest].append(file)
    pairs: dict[Path, Path] = {}
    strangers: list[Path] = []
    for rest in {**images, **masks}:
        matched, left = pair(images.get(rest, []), masks.get(rest, []))
        pairs |= matched
        strangers += left
    return pairs, strangers


def _items(
    label: str, found: list[tuple[_Place, Path]], masks: Mapping[Path, Path], subject: Callable[[str], str | None]
) -> Iterator[Item]:
    names = ["/".join((label, *place.rest, file.stem)) for place, file in found]
    times = Counter(names)
    for name, (_, file) in zip(names, found, strict=True):
        identity = name + file.suffix if times[name] > 1 else name
        abnormal = label != GOOD
        yield Item(identity, abnormal, subject(file.stem), file, (masks[file],) if abnormal and file in masks else ())


def _mixed(folder: Path, found: list[tuple[_Place, Path]]) -> Iterator[str]:
    """A folder beside the images of a class, with images of its own: nobody can tell what they are."""
    inner = [file.parent for place, file in found if place.rest]
    if inner and len(inner) < len(found):
        first = inner[0]
        yield (
            f"{first} lies beside images and holds {inner.count(first)} more: call it `label` if they are masks, "
            f"or move it out of {folder}."
        )


def _without_image(masks: list[Path]) -> list[str]:
    if not masks:
        return []
    if len(masks) == 1:
        return [f"The mask {masks[0]} belongs to no image of its split and class: rename or remove it."]
    return [
        f"The masks {masks[0]}, and {len(masks) - 1} more, belong to no image of their split and class: rename or remove them."
    ]


def _without_mask(items: Mapping[Split, list[Item]]) -> Iterator[str]:
    """Of a split in which some abnormal images have masks, all must."""
    for found in items.values():
        abnormal = [item for item in found if item.abnormal]
        lacking = [item for item in abnormal if not item.masks]
        if lacking and len(lacking) < len(abnormal):
            yield (
                f"{lacking[0].path} has no mask, unlike {len(abnormal) - len(lacking)} of {len(abnormal)} abnormal images there: "
                "add masks of the same name, or remove the images."
            )


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


def _walk(
    folder: Path, parts: tuple[str, ...], above: frozenset[str], system: list[Path]
) -> Iterator[tuple[tuple[str, ...], list[Path]]]:
    """All folders below `folder`, itself first: the names that lead there and the image files in it, sorted."""
    real = os.path.realpath(folder)
    if real in above:  # a link that leads back up
        return
    try:
        with os.scandir(folder) as entries:
            visible = sorted((entry.name, entry.is_dir()) for entry in entries if not entry.name.startswith("."))
    except OSError as error:
        raise UserError(f"The folder {folder} cannot be read: {error.strerror}.") from error
    # A link that leads nowhere counts as a file: leaving it out in silence would change the set.
    names = [name for name, is_folder in visible if not is_folder]
    yield parts, [folder / name for name in names if os.path.splitext(name)[1].lower() in IMAGE_SUFFIXES]
    for name, is_folder in visible:
        if is_folder and name.lower() in SYSTEM_FOLDERS:
            system.append(folder / name)
        elif is_folder:
            yield from _walk(folder / name, (*parts, name), above | {real}, system)
