"""Where sets lie: remembered on this machine alone, as no record says it."""

from __future__ import annotations

import json
import os
from typing import Any

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
