"""Failures that a later finished cell answers: the same was asked again, and could be measured."""

from __future__ import annotations

import json
from collections.abc import Iterable

from adbench.results.record import CellRecord

Asked = tuple[str | int, ...]


def without_answered(records: Iterable[CellRecord]) -> list[CellRecord]:
    """The records without failures of what a later finished cell measured.

    A cell whose weights or data cannot be had fails before its identity is known, and so under another id than it has once
    they are there; what was asked is the same. A failure after the finished cell stays: it no longer runs.
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
    """What of a cell the user asked for; weights, data and versions are what it was answered with."""
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
