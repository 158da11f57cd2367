"""Lists of the images that a few-* cell learns from, as released with MVFA, instead of a draw by the seed.

`FOLDER/SET/K-shot.txt` holds one line per draw and kind, with file names in the order in which the detector gets them:

    n-0: 00031_70.png 00204_61.png
    a-0: 00003_60.png 00154_88.png

`n` are normal, `a` abnormal images of the validation split, the number is the draw. SET is `DatasetCard.list_name` or the
set's own name, in any case, with or without `_AD`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from adbench.contracts.protocol import SupportList
from adbench.errors import UserError, did_you_mean
from adbench.files.untrusted import read_text

if TYPE_CHECKING:
    from adbench.contracts.dataset import Dataset, DatasetCard, Item

LARGEST = 16 << 20  # bytes
LINE = re.compile(r"([na])-([0-9]{1,9}):(.*)")
KINDS = {"n": "normal", "a": "abnormal"}


@dataclass(frozen=True)
class _Line:
    place: str
    names: list[str]


def read_support_list(folder: Path, dataset: Dataset, track: str, k: int, seed: int) -> SupportList:
    """The list for one cell. Of several draws in a file, the seed picks one by number; a single draw serves every seed.

    Raises:
        UserError: no list for this set, k or seed, or one that does not name k images of the set; names the file and line.
    """
    file = _set_folder(folder, dataset.card) / f"{k}-shot.txt"
    lines = _read(file, dataset.card.name, k)
    items = dataset.items("valid") or dataset.items("train")
    kinds = "na" if track == "few-shot" else "n"
    chosen = [_ids(_draw(file, lines[kind], kind, seed), kind, k, items, dataset.card.name) for kind in kinds]
    return SupportList(*chosen)


def _set_folder(folder: Path, card: DatasetCard) -> Path:
    try:
        folders = sorted(child for child in folder.iterdir() if child.is_dir())
    except OSError as error:
        raise UserError(f"--support-lists {folder} cannot be read: {error.strerror}.") from None
    wanted = {_plain(name) for name in (card.list_name, card.name) if name}
    for child in folders:
        if _plain(child.name) in wanted:
            return child
    name = card.list_name or card.name
    raise UserError(
        f"--support-lists {folder} has no folder {name} with lists for {card.name}: add one, or leave that set out with --datasets."
    )


def _plain(name: str) -> str:
    return name.lower().removesuffix("_ad")


def _read(file: Path, dataset: str, k: int) -> dict[str, dict[int, _Line]]:
    """Kind to draw to line."""
    try:
        text = read_text(file, LARGEST)
    except OSError as error:
        there = ", ".join(sorted(f.name for f in file.parent.glob("*-shot.txt"))) or "no K-shot.txt"
        raise UserError(
            f"{file}, the list of {dataset} for k = {k}, cannot be read: {error.strerror}. The folder has {there}: choose --shots to match."
        ) from None
    found: dict[str, dict[int, _Line]] = {kind: {} for kind in KINDS}
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        place = f"{file}, line {number}"
        match = LINE.fullmatch(line.strip())
        if match is None:
            raise UserError(f"{place}: {line.strip()[:60]!r} does not begin with a kind and a draw such as `n-0:` or `a-0:`.")
        kind, draw, names = match[1], int(match[2]), match[3].split()
        if draw in found[kind]:
            raise UserError(f"{place}: {kind}-{draw} appears twice: number the draws from 0.")
        found[kind][draw] = _Line(place, names)
    return found


def _draw(file: Path, draws: dict[int, _Line], kind: str, seed: int) -> _Line:
    if not draws:
        raise UserError(f"{file} has no line `{kind}-0:` that names {KINDS[kind]} images.")
    if len(draws) == 1:
        return next(iter(draws.values()))
    if seed not in draws:
        raise UserError(f"{file} has no line `{kind}-{seed}:` for seed {seed}: use --seeds {','.join(map(str, sorted(draws)))}.")
    return draws[seed]


def _ids(line: _Line, kind: str, k: int, items: Iterable[Item], dataset: str) -> tuple[str, ...]:
    known: dict[str, list[str]] = {}
    for item in items:
        if item.abnormal == (kind == "a"):
            for name in _names(item):
                known.setdefault(name, []).append(item.id)
    if len(line.names) != k:
        raise UserError(f"{line.place}: {len(line.names)} {KINDS[kind]} images are named, but k is {k}.")
    ids = [_id(line.place, name, known, f"{KINDS[kind]} images of {dataset}") for name in line.names]
    for position, found in enumerate(ids):
        if found in ids[:position]:
            raise UserError(f"{line.place}: {line.names[position]!r} is named twice.")
    return tuple(ids)


def _names(item: Item) -> set[str]:
    """What a list may call an item: its id, the end of it, and its file's name."""
    return {item.id, item.id.rpartition("/")[2], *([item.path.name] if item.path else [])}


def _id(place: str, name: str, known: dict[str, list[str]], what: str) -> str:
    # A copy of the set may store its images in another format than the lists were made for.
    found = known.get(name) or known.get(Path(name).stem, [])
    if len(found) == 1:
        return found[0]
    if found:
        raise UserError(f"{place}: {name!r} could be {' or '.join(found)}: write one of these.")
    close = did_you_mean(name, known)
    raise UserError(f"{place}: {name!r} is not among the {what}.{close if close.startswith(' Did') else ''}")
