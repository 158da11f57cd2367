"""Find the images of a set in a tree of folders, pair them with their masks, and account for every file."""

from __future__ import annotations

import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from pathlib import Path
from typing import NamedTuple

from adbench.contracts.dataset import SPLITS, Item, Reading, Split
from adbench.data.accounting import LeftOut, Scan, relative, remedy
from adbench.data.layouts import GOOD, UNGOOD, Layout, Parts, Place, interpret
from adbench.data.pairing import pair, plain
from adbench.data.slices import labelled_as_a_whole, other_lengths, sliced
from adbench.data.walking import HIDDEN, NOT_AN_IMAGE, Tree, walk
from adbench.files.suffixes import stem_of, suffix_of
from adbench.words import counted

REMARKS_SHOWN = 3
MOST_KINDS = 8  # so many folders may hold the same images in different ways
# What lies beside images and is no image: it goes without saying.
DOCUMENTS = frozenset({"", ".csv", ".db", ".doc", ".docx", ".htm", ".html", ".ini", ".json", ".jsonl", ".log", ".md", ".parquet"})
DOCUMENTS |= {".pdf", ".py", ".rst", ".sh", ".toml", ".tsv", ".txt", ".url", ".xls", ".xlsx", ".xml", ".yaml", ".yml"}

NO_SPLIT = "no split can be told from its folders"
NO_CLASS = "no class can be told from its folders"
ABNORMAL_IN_TRAIN = "abnormal, and train holds normals only"
UNUSED_MASK = "a mask of images that are left out"
MASK_OF_NORMAL = "a mask of a normal image, which has none"
SECOND_MASK = "its image has a mask of this name in another format"
ONE_OF_SEVERAL = "its image has masks under several names"
NO_IMAGE = "a mask of no image"
UNCLEAR = "it may be an image or a mask"
TWICE = "its split and class lie in two places"
# Of these a remark would say nothing, or repeat a problem.
UNTOLD = frozenset({HIDDEN, MASK_OF_NORMAL, UNUSED_MASK, NO_CLASS, ONE_OF_SEVERAL, NO_IMAGE, UNCLEAR, TWICE})


class _Picture(NamedTuple):
    place: Place
    path: Path


Class = tuple[Split, str]


@dataclass
class _Found:
    """What a scan has found so far; classes are `(split, key of the label)`."""

    tree: Tree
    images: dict[Class, list[_Picture]] = field(default_factory=lambda: defaultdict(list))
    masks: dict[Class, dict[Parts, list[Path]]] = field(default_factory=lambda: defaultdict(lambda: defaultdict(list)))
    unplaced: dict[Path, list[_Picture]] = field(default_factory=lambda: defaultdict(list))
    left_out: list[LeftOut] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    mask_problems: list[str] = field(default_factory=list)

    def name(self, path: Path) -> str:
        """As messages call a file or folder: relative to the set's folder."""
        return "the set's own folder" if path == self.tree.folder else relative(path, self.tree.folder)

    def leave_out(self, files: Iterable[Path], reason: str) -> None:
        self.left_out += [LeftOut(file, reason) for file in files]


def scan(
    folder: Path, layout: Layout, subject: Callable[[str], str | None] = lambda stem: None, reading: Reading = Reading()
) -> Scan:
    """Find the images of a set and pair them with their masks.

    An item's id is its class and its stem, `Ungood/00003_60`, however the folders are nested and their case; with the
    suffix where two files share a stem, and with the number of the slice where a file holds several. Masks are matched by name
    within a split and class, see `adbench.data.pairing`. Every file below the folder is used, or left out with a reason.

    Args:
        folder: the set's own folder; only what is below it is interpreted.
        layout: what the names of folders say.
        subject: from an image's stem to the subject (patient) it is from, or None.
        reading: how the user wants files to be read: along which axis volumes are cut, and names of normal classes.

    Raises:
        UserError: a folder cannot be read.
    """
    found = _Found(walk(folder))
    found.left_out += found.tree.left_out
    _sort_in(found, layout, reading)
    _demand_normals(found)
    _one_home(found, {plain(name) for name in reading.normal_names})
    _masks_without_class(found)
    items: dict[Split, list[Item]] = {split: [] for split in SPLITS}
    for (split, key), pictures in found.images.items():
        masks = found.masks.pop((split, key), {})
        if split == "train" and key != GOOD:
            found.leave_out((picture.path for picture in pictures), ABNORMAL_IN_TRAIN)
            found.leave_out(_flat(masks), UNUSED_MASK)
            continue
        clear = _clear(found, pictures)
        paired = _paired(found, clear, masks, key)
        items[split] += sliced(_items(clear, paired, subject), reading)
    _unused_masks(found)
    _judge_unplaced(found)
    found.mask_problems += without_mask(items, found.name)
    for path, count, mask, other in other_lengths((item for split in SPLITS for item in items[split]), reading):
        found.mask_problems.append(
            f"{found.name(path)} has {count} slices, but its mask {found.name(mask)} has {other}: replace one of them."
        )
    way_out = remedy(folder)
    return Scan(
        items={split: tuple(sorted(items[split], key=lambda item: item.id)) for split in SPLITS},
        remarks=(*_remarks(found, {path.parent for _, path in _all(found.images)}), *_whole_volumes(found, items)),
        problems=tuple(f"{problem} {way_out}" for problem in found.problems),
        mask_problems=tuple(f"{problem} {way_out}" for problem in found.mask_problems),
        left_out=tuple(sorted(found.left_out)),
        folder=folder,
    )


def _whole_volumes(found: _Found, items: Mapping[Split, list[Item]]) -> Iterator[str]:
    """A volume is rarely abnormal from the first slice to the last."""
    for split in SPLITS:
        if volumes := labelled_as_a_whole(items[split]):
            yield (
                f"All slices of {counted(len(volumes), 'abnormal volume')} of {split} count as abnormal, first {found.name(volumes[0])}: "
                "give masks, which tell the slices with a lesion, or a manifest."
            )


def unread(folder: Path, reason: str = NO_SPLIT) -> Scan:
    """A tree that nobody can interpret: all its images are left out. Raises `UserError` where a folder cannot be read."""
    tree = walk(folder)
    return Scan(
        dict.fromkeys(SPLITS, ()),
        left_out=tuple(sorted([*tree.left_out, *(LeftOut(file, reason) for file in tree.files())])),
        folder=folder,
    )


def _all(images: Mapping[Class, list[_Picture]]) -> Iterator[_Picture]:
    for pictures in images.values():
        yield from pictures


def _flat(masks: Mapping[Parts, list[Path]]) -> list[Path]:
    return [mask for several in masks.values() for mask in several]


def _sort_in(found: _Found, layout: Layout, reading: Reading) -> None:
    """Every image file to its split and class, as the folders say."""
    places = interpret((parts for parts, _ in found.tree.folders), layout, reading.normal_names)
    for parts, names in found.tree.folders:
        place, where = places[parts], found.tree.folder.joinpath(*parts)
        files = [where / name for name in names]
        if place.left_out:
            found.leave_out(files, place.left_out)
        elif place.split is None or place.label is None:
            if files:
                found.unplaced[where] += [_Picture(place, file) for file in files]
        elif place.is_mask:
            if files:
                found.masks[place.split, place.key][place.rest] += files
        elif files:
            found.images[place.split, place.key] += [_Picture(place, file) for file in files]


def _demand_normals(found: _Found) -> None:
    """A normal class under a name that nobody knows would be taken for a defect."""
    labels: dict[Split, set[str]] = {split: set() for split in SPLITS}
    for (split, _), pictures in found.images.items():
        labels[split].add(str(pictures[0].place.label))
    for pictures in found.unplaced.values():
        place = pictures[0].place
        if place.split and not place.is_mask and place.rest:
            labels[place.split].add(place.rest[0])
    splits = [split for split in SPLITS if labels[split]]
    # Without `train`, any split may tell.
    if not splits or GOOD in labels["train"] or (splits[0] != "train" and any(GOOD in labels[split] for split in splits)):
        return
    if names := sorted(labels[splits[0]] - {UNGOOD}):
        found.problems.append(_unknown_normal(splits[0], names))


def _unknown_normal(split: Split, names: list[str]) -> str:
    if len(names) == 1:
        return (
            f"The images of {split} lie in a folder {names[0]}, and nobody can tell whether that means normal: rename it to "
            f"`good`, or give `--normal-name {names[0]}`."
        )
    return (
        f"None of the folders of {split} ({', '.join(names)}) is known to hold normal images: rename the one that does "
        "to `good`, or give `--normal-name NAME`."
    )


def _one_home(found: _Found, normal_names: set[str]) -> None:
    """The same split and class in two folders may be two copies of it: only the first is used."""
    for (split, _), pictures in found.images.items():
        homes = sorted({picture.place.home for picture in pictures})
        if len(homes) == 1 or all(plain(home[-1]) in normal_names for home in homes):
            continue  # what the user calls normal may have several names
        first, second = ("/".join(home) for home in homes[:2])
        found.problems.append(
            f"The {pictures[0].place.label} images of {split} lie in two places, {first} and {second}: remove one of them."
        )
        found.leave_out((path for place, path in pictures if place.home != homes[0]), TWICE)
        pictures[:] = [picture for picture in pictures if picture.place.home == homes[0]]


def _masks_without_class(found: _Found) -> None:
    """Masks right below a split belong to its one class of abnormal images; where there are more, to nobody."""
    for where, pictures in list(found.unplaced.items()):
        place = pictures[0].place
        if not (place.is_mask and place.split):
            continue
        classes = [key for split, key in found.images if split == place.split and key != GOOD]
        if len(classes) == 1:
            found.masks[place.split, classes[0]][place.rest] += [path for _, path in found.unplaced.pop(where)]


def _clear(found: _Found, pictures: list[_Picture]) -> list[_Picture]:
    """The pictures of a class without those of which nobody can tell whether they are images or masks."""
    by_rest: dict[Parts, list[_Picture]] = defaultdict(list)
    for picture in pictures:
        by_rest[picture.place.rest].append(picture)
    inner = {rest: among for rest, among in by_rest.items() if rest}
    if inner and () in by_rest:
        first = next(iter(inner.values()))
        found.problems.append(
            f"{found.name(first[0].path.parent)} lies beside images and holds {len(first)} more: call it `label` if they are "
            "masks, or move it out of the set."
        )
        found.leave_out((path for among in inner.values() for _, path in among), UNCLEAR)
        return by_rest[()]
    if twins := _two_alike(by_rest):
        one, other = (found.name(among[0].path.parent) for among in twins)
        found.problems.append(
            f"{one} and {other} hold files of the same names: call the folder of the masks `label` and that of the images `img`."
        )
        found.leave_out((path for among in twins for _, path in among), UNCLEAR)
        return [picture for picture in pictures if not any(picture in among for among in twins)]
    return pictures


def _two_alike(by_rest: Mapping[Parts, list[_Picture]]) -> list[list[_Picture]]:
    """Two folders with the same names in them may be images and masks. Folders of subjects, whose slices have the same names,
    are numbered."""
    named = [among for rest, among in by_rest.items() if not any(letter.isdecimal() for part in rest for letter in part)]
    if len(named) > MOST_KINDS:  # subjects, too
        return []
    for first, second in combinations(named, 2):
        pairs = pair([path for _, path in first], [path for _, path in second])
        if 2 * len(pairs.masks) > min(len(first), len(second)):
            return [first, second]
    return []


def _paired(found: _Found, pictures: list[_Picture], masks: Mapping[Parts, list[Path]], key: str) -> dict[Path, tuple[Path, ...]]:
    """Image to masks, matched within each subfolder of a class."""
    if key == GOOD:
        found.leave_out(_flat(masks), MASK_OF_NORMAL)
        return {}
    images: dict[Parts, list[Path]] = defaultdict(list)
    for place, path in pictures:
        images[place.rest].append(path)
    if len(images) == 1 and masks.keys() == {()}:  # the images lie one deeper than the masks, all in one folder
        masks = dict.fromkeys(images, masks[()])
    paired, masks = _folders_of_masks(images, masks)
    strangers: list[Path] = []
    for rest in {**images, **masks}:
        pairs = pair(images.get(rest, []), masks.get(rest, []))
        for image, chosen in pairs.masks.items():
            if image in paired:
                pairs.doubtful[image] = (*paired.pop(image), *chosen)
            else:
                paired[image] = chosen
        strangers += pairs.strangers
        found.leave_out(pairs.twins, SECOND_MASK)
        for image, several in pairs.doubtful.items():
            found.leave_out(several, ONE_OF_SEVERAL)
            names = " and ".join(found.name(mask) for mask in several[:2])
            found.mask_problems.append(f"{found.name(image)} has two masks, {names}: keep one of them, or number both.")
    _say_strangers(found, strangers)
    return paired


def _folders_of_masks(
    images: Mapping[Parts, list[Path]], masks: Mapping[Parts, list[Path]]
) -> tuple[dict[Path, tuple[Path, ...]], dict[Parts, list[Path]]]:
    """Masks that lie in a folder called as their image, as in MVTec LOCO, and the other masks."""
    owners: dict[tuple[Parts, str], list[Path]] = defaultdict(list)
    for rest, files in images.items():
        for file in files:
            owners[rest, plain(stem_of(file.name))].append(file)
    paired: dict[Path, tuple[Path, ...]] = {}
    others: dict[Parts, list[Path]] = {}
    for rest, files in masks.items():
        owner = owners.get((rest[:-1], plain(rest[-1])), []) if rest and rest not in images else []
        # Several are numbered: an outline beside the mask would be joined with it.
        numbered = len(files) == 1 or all(stem_of(file.name)[-1:].isdecimal() for file in files)
        if len(owner) == 1 and owner[0] not in paired and numbered:
            paired[owner[0]] = tuple(sorted(files))
        else:
            others[rest] = files
    return paired, others


def _say_strangers(found: _Found, masks: list[Path]) -> None:
    if not masks:
        return
    found.leave_out(masks, NO_IMAGE)
    first = found.name(min(masks))
    found.mask_problems.append(
        f"The mask {first} belongs to no image of its split and class: rename or remove it."
        if len(masks) == 1
        else f"The masks {first}, and {len(masks) - 1} more, belong to no image of their split and class: rename or remove them."
    )


def _unused_masks(found: _Found) -> None:
    """Masks of classes that have no images."""
    for (split, key), masks in found.masks.items():
        if split == "train":
            found.leave_out(_flat(masks), UNUSED_MASK)
        elif key == GOOD:
            found.leave_out(_flat(masks), MASK_OF_NORMAL)
        else:
            _say_strangers(found, _flat(masks))


def _items(
    pictures: list[_Picture], masks: Mapping[Path, tuple[Path, ...]], subject: Callable[[str], str | None]
) -> Iterator[Item]:
    homes = {place.home for place, _ in pictures}
    names = [_identity(place, path, len(homes) > 1) for place, path in pictures]
    times = Counter(names)
    longer = [name + path.suffix if times[name] > 1 else name for name, (_, path) in zip(names, pictures, strict=True)]
    again = Counter(longer)
    for name, (place, path) in zip(longer, pictures, strict=True):
        # Two files whose names differ only in how letters are encoded: as they are.
        identity = name if again[name] == 1 else "/".join((str(place.label), *place.rest, path.name))
        kind = None if place.label in (GOOD, UNGOOD) else place.label
        yield Item(identity, place.label != GOOD, subject(stem_of(path.name)), path, masks.get(path, ()), type=kind)


def _identity(place: Place, path: Path, several_homes: bool) -> str:
    inner = (place.home[-1], *place.rest) if several_homes else place.rest
    return unicodedata.normalize("NFC", "/".join((str(place.label), *inner, stem_of(path.name))))


def _judge_unplaced(found: _Found) -> None:
    """Images whose split or class nobody can tell: left out, and a problem where they may be images or masks of the set."""
    names = {plain(stem_of(path.name)) for _, path in _all(found.images)}
    for where, pictures in found.unplaced.items():
        place, files = pictures[0].place, [path for _, path in pictures]
        called = found.name(where)
        if place.is_mask:
            _say_strangers(found, files)
            continue
        found.leave_out(files, NO_CLASS if place.split else NO_SPLIT)
        if place.split:
            found.problems.append(
                f"{len(files)} images in {called} belong to no class: move them to `good` or `Ungood` of {place.split}, call the "
                "folder `label` if they are masks, or move it out of the set."
            )
        elif any(plain(stem_of(file.name)) in names for file in files):
            found.problems.append(
                f"{called} lies in no split and holds files called as images of the set: if they are masks, call the folder "
                "`ground_truth`, else move it out of the set."
            )


def without_mask(items: Mapping[Split, Sequence[Item]], name: Callable[[Path], str]) -> Iterator[str]:
    """Of a split in which some abnormal images have masks, all must; so must the test split where `valid` has them.

    Args:
        name: what to call a file.
    """
    elsewhere = any(item.masks for item in items["valid"])
    for split, among in items.items():
        abnormal = [item for item in among if item.abnormal]
        lacking = [item for item in abnormal if not item.masks]
        with_mask = len(abnormal) - len(lacking)
        if not lacking or not (with_mask or (split == "test" and elsewhere)):
            continue
        first = lacking[0]
        unlike = f"{with_mask} of {len(abnormal)} abnormal images there" if with_mask else "those of valid"
        yield (
            f"{name(first.path) if first.path else first.id} has no mask, unlike {unlike}: add masks of the same name, or remove "
            "the images."
        )


def _remarks(found: _Found, with_images: set[Path]) -> Iterator[str]:
    """What of the files that are left out a user should know without asking for the table."""
    counts: Counter[tuple[Path, str]] = Counter()
    for path, reason in found.left_out:
        if reason.startswith(NOT_AN_IMAGE):
            told = path.parent in with_images and suffix_of(path) not in DOCUMENTS
        else:
            told = reason not in UNTOLD
        if told:
            counts[path.parent, reason] += 1
    for (where, reason), count in sorted(counts.items())[:REMARKS_SHOWN]:
        yield f"{count} {'file' if count == 1 else 'files'} in {found.name(where)} {'is' if count == 1 else 'are'} left out: {reason}."
    if len(counts) > REMARKS_SHOWN:
        yield f"{len(counts) - REMARKS_SHOWN} more folders have files that are left out."
