"""Where sets lie: remembered on this machine alone, and taken out of what leaves it."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from adbench.contracts.dataset import Dataset
from adbench.files.cache import cache_root

FILE = "places.json"
KEPT = 8


def remember_place(name: str, argument: str) -> None:
    """Note where a set of this name was found, for `recall_places`; where the cache cannot be written, nothing is noted."""
    known = _read()
    before = known.get(name, [])
    now = [argument, *(place for place in before if place != argument)][:KEPT]
    if now == before:
        return
    file = cache_root() / FILE
    beside = file.with_name(f"{FILE}.{os.getpid()}")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        beside.write_text(json.dumps({**known, name: now}), encoding="utf-8")
        beside.replace(file)
    except OSError:
        return


def recall_places(name: str) -> list[str]:
    """Where sets of this name were found before, the latest first: a record holds the name alone."""
    return _read().get(name, [])


def _read() -> dict[str, list[str]]:
    try:
        known: Any = json.loads((cache_root() / FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return known if isinstance(known, dict) else {}


def without_places(text: str, dataset: Dataset | None) -> str:
    """A message with the files of a set named relative to its folder, as it may be kept in a record.

    Args:
        text: a message or a traceback.
        dataset: the set that it is about; None where that is not known.
    """
    if dataset is None:
        return text
    return without_folders(text, _folders(dataset))


def _folders(dataset: Dataset) -> list[Path]:
    # Only what is known already: this must not look for a set that cannot be found.
    found = vars(dataset).get("found")
    folder = getattr(found, "folder", None)
    argument = dataset.card.argument
    places = [folder, Path(argument) if os.path.isabs(argument) else None, dataset.root]
    return [place for place in places if place is not None]


def without_folders(text: str, folders: Iterable[Path]) -> str:
    """A text with all paths below these folders relative to them, and the folders themselves by their last name."""
    forms = {form for folder in folders for form in (str(folder), os.path.abspath(folder), os.path.realpath(folder))}
    for form in sorted(forms, key=len, reverse=True):
        if os.path.dirname(form) != form and os.path.isabs(form):
            text = text.replace(form + os.sep, "").replace(form, os.path.basename(form))
    return text
