"""A manifest: one row an image says where it lies and what it is. It is read as a set, and written from any."""

from __future__ import annotations

import itertools
import os
import unicodedata
from collections.abc import Iterator
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any

from adbench.contracts.dataset import SPLITS, Item, Reading, Split
from adbench.data.accounting import LeftOut, Scan, relative
from adbench.data.listing import unique_ids
from adbench.data.scanning import ABNORMAL_IN_TRAIN, MASK_OF_NORMAL, UNUSED_MASK, without_mask
from adbench.data.slices import other_lengths, sliced
from adbench.data.walking import HIDDEN, NOT_AN_IMAGE, SYSTEM
from adbench.errors import UserError
from adbench.files.suffixes import stem_of

if TYPE_CHECKING:
    from adbench.data.manifestrows import Fault, ManifestRow

NO_SPLIT_GIVEN = "the manifest gives no split"


def read_manifest(file: Path, reading: Reading = Reading()) -> Scan:
    """The set that a manifest lists. Rows without split and label are left out.

    Args:
        file: CSV, JSON lines or Parquet with the columns `path`, `split` and `label`, and possibly `mask`, `subject`, `type`,
            `site`, `range`, `frame` and `id`; paths are relative to its folder, or absolute.
        reading: how the user wants files to be read; its names of normal classes are labels, too.

    Raises:
        UserError: the file cannot be read, or a row is wrong: an unknown word, a file that is not there, an image that is
            listed twice. It names the line and the column.
    """
    from adbench.data.manifestrows import read_rows

    rows = read_rows(file, reading.normal_names)
    return _Manifest(file, reading).scan(rows)


class _Manifest:
    def __init__(self, file: Path, reading: Reading) -> None:
        self._file = file
        self._reading = reading
        self._named: dict[Split, list[Item]] = {split: [] for split in SPLITS}  # by the manifest itself
        self._unnamed: dict[Split, list[Item]] = {split: [] for split in SPLITS}
        self._left_out: dict[Path, str] = {}
        self._faults: list[Fault] = []
        self._lines: dict[Path, dict[int | None, int]] = {}  # file to slice to line; None for the whole file

    def scan(self, rows: list[tuple[int, ManifestRow]]) -> Scan:
        from adbench.data.manifestrows import refusal

        paths = [self._resolved(row.path) for _, row in rows]
        names = _names(paths, self._file.parent)
        for (line, row), path, name in zip(rows, paths, names, strict=True):
            self._add(line, row, path, name)
        items = self._finished()
        for line, row in rows:
            self._check_masks(line, row)
        if self._faults:
            raise refusal(self._file, self._faults, len(self._faults))
        used = {path for among in items.values() for item in among for path in (item.path, *item.masks)}
        folder = self._file.parent
        among = [item for split in SPLITS for item in items[split]]
        problems = [*without_mask(items, lambda path: relative(path, folder))]
        problems += [
            f"{relative(path, folder)} has {count} slices, but its mask {relative(mask, folder)} has {other}."
            for path, count, mask, other in other_lengths(among, self._reading)
        ]
        return Scan(
            items=items,
            mask_problems=tuple(f"{problem} Correct {self._file}." for problem in problems),
            left_out=tuple(sorted(LeftOut(path, reason) for path, reason in self._left_out.items() if path not in used)),
            folder=folder,
        )

    def _resolved(self, name: str) -> Path:
        """Where a file lies; an editor may have changed how letters with accents are encoded."""
        path = self._file.parent / name
        if not os.path.lexists(path):
            for form in ("NFC", "NFD"):
                other = self._file.parent / unicodedata.normalize(form, name)
                if os.path.lexists(other):
                    return other
        return path

    def _add(self, line: int, row: ManifestRow, path: Path, name: str) -> None:
        if row.split is None and row.label is None:
            self._left_out.setdefault(path, row.reason or NO_SPLIT_GIVEN)
            return
        masks = tuple(map(self._resolved, row.mask))
        if not self._is_right(line, row, path, masks):
            return
        assert row.split is not None
        if row.split == "train" and row.label:
            self._left_out |= {path: ABNORMAL_IN_TRAIN, **dict.fromkeys(masks, UNUSED_MASK)}
            return
        if not row.label:
            self._left_out |= dict.fromkeys(masks, MASK_OF_NORMAL)
            masks = ()
        given = row.frame is not None and row.id is None
        identity = row.id or (f"{name}/{row.frame:03}" if given else name)
        group = row.subject or (name if row.frame is not None else None)
        among = self._named if row.id else self._unnamed
        among[row.split].append(Item(identity, bool(row.label), group, path, masks, row.frame, row.type, row.site, row.range))

    def _is_right(self, line: int, row: ManifestRow, path: Path, masks: tuple[Path, ...]) -> bool:
        from adbench.data.manifestrows import Fault

        before = len(self._faults)
        for column, value in (("split", row.split), ("label", row.label)):
            if value is None:
                self._faults.append(
                    Fault(line, column, "it is empty, and the row has a label" if column == "split" else "it is empty")
                )
        for column, files in (("path", (path,)), ("mask", masks)):
            self._faults += [Fault(line, column, f"there is no file {file}") for file in files if not file.is_file()]
        lines = self._lines.setdefault(path, {})
        earlier = lines.get(row.frame) or lines.get(None) or (min(lines.values(), default=0) if row.frame is None else 0)
        lines.setdefault(row.frame, line)
        if earlier:
            self._faults.append(Fault(line, "path", f"{row.path} is listed before, in line {earlier}"))
        return len(self._faults) == before

    def _check_masks(self, line: int, row: ManifestRow) -> None:
        """A mask is no image of its own."""
        from adbench.data.manifestrows import Fault

        for name in row.mask:
            if row.split and (lines := self._lines.get(self._resolved(name))):
                self._faults.append(Fault(line, "mask", f"{name} is an image in line {min(lines.values())}"))

    def _finished(self) -> dict[Split, tuple[Item, ...]]:
        from adbench.data.manifestrows import Fault

        finished: dict[Split, tuple[Item, ...]] = {}
        for split in SPLITS:
            listed = [*self._named[split], *unique_ids(self._unnamed[split])]
            items = sorted(sliced(listed, self._reading), key=lambda item: item.id)
            finished[split] = tuple(items)
            for item, following in itertools.pairwise(items):
                if item.id == following.id and following.path is not None:
                    lines = self._lines[following.path]
                    line = lines.get(following.frame) or lines[None]
                    self._faults.append(Fault(line, "id", f"{item.id!r} is that of another image of {split}"))
        return finished


def _names(paths: list[Path], folder: Path) -> list[str]:
    """What images without an id are called: their path below the manifest, else below the folder that all of them share, so
    that no name holds a place on this machine."""
    whole = [os.path.abspath(path) for path in paths]
    base = os.path.abspath(folder)
    if whole and os.path.commonpath([base, *whole]) != base:
        base = os.path.commonpath([os.path.dirname(path) for path in whole])
    names = (PurePath(os.path.relpath(path, base)).as_posix() for path in whole)
    return [unicodedata.normalize("NFC", name.removesuffix(PurePath(name).name) + stem_of(name)) for name in names]


def write_manifest(scan: Scan, file: Path) -> None:
    """List a set in a new file: its images, then what is left out and may be an image, with the reason.

    Raises:
        UserError: the file exists, cannot be written, or has an unknown suffix.
    """
    from adbench.data.manifestrows import write_rows

    write_rows(file, manifest_rows(scan, file.parent))


def manifest_rows(scan: Scan, folder: Path) -> Iterator[dict[str, Any]]:
    """The rows of a manifest in this folder; column to value."""
    from adbench.data.manifestrows import ABNORMAL, BETWEEN_MASKS, NORMAL

    called = _Caller(folder)
    for split, items in scan.items.items():
        for item in items:
            if item.path is None:
                raise UserError(f"{item.id} lies in no file: a set that is made by a program has no manifest.")
            masks = [called(mask) for mask in item.masks]
            if any(BETWEEN_MASKS in mask for mask in masks):
                raise UserError(f"The name of a mask of {item.id} has a {BETWEEN_MASKS}, which joins masks: rename it.")
            yield {
                "path": called(item.path),
                "split": split,
                "label": ABNORMAL if item.abnormal else NORMAL,
                "mask": BETWEEN_MASKS.join(masks) or None,
                "subject": item.group,
                "type": item.type,
                "site": item.site,
                "range": "{:.17g}:{:.17g}".format(*item.value_range) if item.value_range else None,
                "frame": item.frame,
                "id": item.id,
            }
    for path, reason in scan.left_out:
        if reason not in (HIDDEN, SYSTEM) and not reason.startswith(NOT_AN_IMAGE):
            yield {"path": called(path), "reason": reason}


class _Caller:
    """Files to paths relative to a folder, with `/`."""

    def __init__(self, folder: Path) -> None:
        self._folder = os.path.abspath(folder)
        self._known: dict[Path, str] = {}

    def __call__(self, path: Path) -> str:
        parent = path.parent
        if parent not in self._known:
            self._known[parent] = self._relative(os.path.abspath(parent))
        return (PurePath(self._known[parent]) / path.name).as_posix()

    def _relative(self, parent: str) -> str:
        if parent == self._folder or parent.startswith(self._folder + os.sep):
            return os.path.relpath(parent, self._folder)
        # `..` leads up from where a link points to.
        return os.path.relpath(os.path.realpath(parent), os.path.realpath(self._folder))
