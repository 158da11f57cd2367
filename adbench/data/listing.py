"""Sets that come with a list of their images: a table or a JSON file says the split and the label of each."""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from adbench.contracts.dataset import SPLITS, Item, Reading, Split
from adbench.data.accounting import LeftOut, Scan, relative, remedy
from adbench.data.scanning import ABNORMAL_IN_TRAIN, MASK_OF_NORMAL, UNUSED_MASK, without_mask
from adbench.data.slices import sliced
from adbench.data.walking import walk
from adbench.errors import UserError


def scan_listed(folder: Path, listing: Path, rows: Iterable[tuple[Split, Item]], reading: Reading = Reading()) -> Scan:
    """The items of a set as its list has them, and what became of every file below its folder.

    Abnormal images in `train` and masks of normal images are left out. Items with one id get their suffix.

    Args:
        folder: the set's own folder.
        listing: the file that lists the images; messages name it.
        rows: split and item, with `path` and `masks` given.
        reading: how the user wants files to be read.

    Raises:
        UserError: the folder cannot be read.
    """
    tree = walk(folder)
    reasons = dict.fromkeys(tree.files(), f"{listing.name} gives it no split and label")
    there = set(reasons)
    missing: list[Path] = []
    wanted: list[tuple[Split, Item]] = []
    for split, item in rows:
        files = [path for path in (item.path, *item.masks) if path is not None]
        absent = [path for path in files if path not in there and not path.is_file()]
        missing += absent
        if absent:
            continue
        if split == "train" and item.abnormal:
            reasons |= {files[0]: ABNORMAL_IN_TRAIN, **dict.fromkeys(files[1:], UNUSED_MASK)}
            continue
        if not item.abnormal:
            reasons |= dict.fromkeys(files[1:], MASK_OF_NORMAL)
        for path in files if item.abnormal else files[:1]:
            reasons.pop(path, None)
        wanted.append((split, item if item.abnormal else replace(item, masks=())))
    items = {
        split: tuple(sorted(sliced(unique_ids(item for where, item in wanted if where == split), reading), key=lambda i: i.id))
        for split in SPLITS
    }
    problems = []
    if missing:
        more = f", and {len(missing) - 1} more," if len(missing) > 1 else ""
        are = "are" if more else "is"
        problems.append(
            f"{relative(missing[0], folder)}{more} {are} in {listing.name} but not on disk: get the files, or correct it."
        )
    return Scan(
        items=items,
        problems=tuple(f"{problem} {remedy(folder)}" for problem in problems),
        mask_problems=tuple(f"{one} {remedy(folder)}" for one in without_mask(items, lambda path: relative(path, folder))),
        left_out=tuple(sorted([*tree.left_out, *(LeftOut(path, reason) for path, reason in reasons.items())])),
        folder=folder,
    )


def unique_ids(items: Iterable[Item]) -> list[Item]:
    """Items of one split, with the suffix of their file at ids that several would have."""
    among = list(items)
    times = Counter(item.id for item in among)
    return [
        replace(item, id=item.id + item.path.suffix) if times[item.id] > 1 and item.path is not None else item for item in among
    ]


def read_table(file: Path, columns: tuple[str, ...]) -> Iterator[tuple[int, dict[str, str]]]:
    """Line and column to text of a CSV file. Raises `UserError` where it cannot be read or lacks a column."""
    try:
        with file.open(encoding="utf-8-sig", newline="") as text:
            reader = csv.DictReader(text)
            if lacking := [column for column in columns if column not in (reader.fieldnames or ())]:
                raise UserError(f"{file} has no column {lacking[0]}: it wants {', '.join(columns)}, as released.")
            for row in reader:
                yield reader.line_num, {column: row[column] or "" for column in columns}
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UserError(f"{file} cannot be read ({error}): get it again.") from error


def read_json(file: Path) -> Any:
    """What a JSON file holds. Raises `UserError` where it cannot be read."""
    try:
        return json.loads(file.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError) as error:
        raise UserError(f"{file} cannot be read ({error}): get it again.") from error
