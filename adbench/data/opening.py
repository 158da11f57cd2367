"""Images and masks are opened before anything is fitted: what is wrong with them must not come up hours later."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from adbench.contracts.dataset import Dataset
from adbench.data.disk import DiskDataset
from adbench.data.masks import MaskFacts, MaskFault, look_at_mask, look_inverted
from adbench.data.pixelstore import Entry
from adbench.data.reading import Place, in_threads
from adbench.errors import UserError
from adbench.files.pictures import check_whole

Key = tuple[str, str, str]  # names of set, split and image
Progress = Callable[[Collection[Any], str], Iterable[Any]]


@dataclass(frozen=True)
class Opened:
    """What came of it.

    Attributes:
        faults: a sentence for each image that cannot be used, or whose mask cannot.
        warnings: what a reader of figures should know of the masks.
    """

    faults: Mapping[Key, str] = field(default_factory=dict)
    warnings: Sequence[str] = ()

    def of(self, entries: Iterable[Entry]) -> str:
        """What is wrong with these, the first in a sentence; "" where nothing is."""
        found = [self.faults[key] for key in dict.fromkeys(map(key_of, entries)) if key in self.faults]
        if not found:
            return ""
        return found[0] if len(found) == 1 else f"{found[0]} {len(found) - 1} more of its images or masks cannot be used."


def key_of(entry: Entry) -> Key:
    """What tells an image from all others of a plan."""
    return entry.dataset.card.name, entry.split, entry.item.id


def open_images(entries: Iterable[Entry], progress: Progress = lambda iterable, _: iterable) -> Opened:
    """Open each of these images, and read the masks of abnormal ones.

    Of a set on disk the files of images are looked at without decoding their pixels. Where the images of a set come from
    elsewhere (a plugin's `image` of its own) only its masks are read; what is made by a program is taken as it is.

    Args:
        progress: `progress(iterable, description)` shows how far it is, and gives the same items.
    """
    distinct = {key_of(entry): entry for entry in entries if not entry.dataset.card.synthetic}
    faults = _of_files(distinct, progress)
    masked = {
        key: entry
        for key, entry in distinct.items()
        if entry.item.abnormal and entry.dataset.card.has_masks and key not in faults
    }
    seen: dict[Key, MaskFacts] = {}
    found = in_threads(_mask_of, masked.values())
    for key, facts in zip(progress(list(masked), "opening masks"), found, strict=True):
        seen[key] = facts
        if facts.fault and facts.fault.kind != "empty":
            faults[key] = _whole(facts.fault.sentence, key[0])
    return Opened(faults, list(_of_masks(seen)))


def _of_files(distinct: Mapping[Key, Entry], progress: Progress) -> dict[Key, str]:
    """What is wrong with the files of images; one that holds several, a volume, is looked at once."""
    holding: dict[Path, list[Key]] = {}
    for key, entry in distinct.items():
        if entry.item.path is not None and _read_by_us(entry.dataset):
            holding.setdefault(entry.item.path, []).append(key)
    found = zip(progress(list(holding), "opening images"), in_threads(_fault_of_file, holding), strict=True)
    return {key: fault for path, fault in found if fault for key in holding[path]}


def _read_by_us(dataset: Dataset) -> bool:
    """Whether its images are files that the harness reads: a subclass may read other files in its own way."""
    return isinstance(dataset, DiskDataset) and type(dataset).image is DiskDataset.image


def _fault_of_file(path: Path) -> str:
    try:
        check_whole(path)
    except UserError as error:
        return str(error)
    except Exception as error:
        return f"The image {path} cannot be opened: {type(error).__name__}: {error}."
    return ""


def _whole(sentence: str, name: str) -> str:
    """With the set, where it names no file and so is only part of a sentence."""
    return sentence if sentence.endswith(".") else f"{name}: {sentence}."


def _mask_of(entry: Entry) -> MaskFacts:
    place = Place(entry.split, entry.item)
    try:
        return look_at_mask(entry.dataset, place)
    except Exception as error:  # whatever a plugin raises
        sentence = f"The mask of {place} of {entry.dataset.card.name} cannot be read: {type(error).__name__}: {error}."
        return MaskFacts(MaskFault("unusable", sentence))


def _of_masks(seen: Mapping[Key, MaskFacts]) -> Iterator[str]:
    """What stops nothing, and is probably a mistake."""
    splits: dict[tuple[str, str], dict[str, float]] = {}
    for (name, split, image), facts in seen.items():
        if facts.coverage is not None:
            splits.setdefault((name, split), {})[image] = facts.coverage
    for (name, split), coverages in splits.items():
        empty = [image for image, coverage in coverages.items() if not coverage]
        if empty:
            yield (
                f"{name}: {len(empty)} of {len(coverages)} masks in {split} mark no pixel, first that of {empty[0]}: "
                "pixel figures take these abnormal images for normal ones."
            )
        if sentence := look_inverted(list(coverages.values())):
            yield f"{name}: in {split} {sentence}"
