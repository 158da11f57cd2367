"""Failures that a later finished cell supersedes: the same cell was run again and succeeded."""

from __future__ import annotations

import json
from collections.abc import Iterable

from adbench.results.record import CellRecord

Asked = tuple[str | int, ...]


def without_answered(records: Iterable[CellRecord]) -> list[CellRecord]:
    """The records without the failures that a later finished cell supersedes.

    A cell without its weights or data fails before its identity is known, so its id differs from the one it gets once
    they are there; the request is the same. A failure after the finished cell stays: the cell no longer runs.
    """
    kept = list(records)
    failed = {asked(record) for record in kept if record.status == "failed"}
    last: dict[Asked, str] = {}
    if failed:
        for record in kept:
            if record.status == "done" and (key := asked(record)) in failed:
                last[key] = max(record.started, last.get(key, ""))
    return [record for record in kept if record.status == "done" or record.started >= last.get(asked(record), "")]


def asked(record: CellRecord) -> Asked:
    """The part of a cell that the user asked for, without weights, data and versions."""
    known = [record.identity.get(name) for name in ("parameters", "protocol", "precision")]
    return (
        record.method,
        record.variant,
        record.dataset,
        record.track,
        record.k,
        record.seed,
        record.preset,
        json.dumps(known, sort_keys=True),
    )
