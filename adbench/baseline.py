"""The baseline file: what a run measured, small enough to review and to keep in a repository."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from adbench.errors import UserError
from adbench.results import CellRecord
from adbench.store import RunFolder

SCHEMA = 1
SIGNIFICANT_DIGITS = 9  # of the scores kept, as many as float32 has: ranks survive

# What of an identity must agree for two figures to be comparable; parameters and weights may have changed: that is
# what a check is for.
COMPARABLE = ("dataset", "fingerprint", "auxiliary", "track", "k", "seed", "preset", "protocol")


@dataclass(frozen=True, kw_only=True)
class BaselineCell:
    """One cell of a baseline.

    Attributes:
        key: what names the cell: variant, dataset, track, k, seed, preset.
        conditions: the part of its identity that must agree for a comparison.
        metrics: its figures.
        ids, scores, labels, groups: per image, in the order of the dataset.
    """

    key: dict[str, Any]
    conditions: dict[str, Any]
    metrics: dict[str, float | None]
    ids: list[str]
    scores: list[float]
    labels: list[int]
    groups: list[str | None]

    @property
    def label(self) -> str:
        """For people."""
        return cell_label(self.key)


def cell_label(key: dict[str, Any]) -> str:
    """`mvfa, few-shot k=4, phantom-brain, seed 0`."""
    track = f"{key['track']} k={key['k']}" if key["k"] else key["track"]
    return f"{key['variant']}, {track}, {key['dataset']}, seed {key['seed']} ({key['preset']})"


def cell_key(record: CellRecord) -> dict[str, Any]:
    """What names a cell across runs."""
    return {name: getattr(record, name) for name in ("variant", "dataset", "track", "k", "seed", "preset")}


def conditions_of(record: CellRecord) -> dict[str, Any]:
    """The part of an identity that must agree for a comparison."""
    return {name: record.identity.get(name) for name in COMPARABLE}


def baseline_cells(folder: RunFolder, records: Iterable[CellRecord]) -> list[BaselineCell]:
    """The finished cells of a run with their scores."""
    cells = []
    for record in records:
        if record.status != "done":
            continue
        table = folder.scores(record.id)
        cells.append(
            BaselineCell(
                key=cell_key(record),
                conditions=conditions_of(record),
                metrics=record.metrics,
                ids=table.ids,
                scores=[float(f"{score:.{SIGNIFICANT_DIGITS}g}") for score in table.scores],
                labels=np.asarray(table.labels, int).tolist(),
                groups=table.groups,
            )
        )
    return cells


def write_baseline(cells: Iterable[BaselineCell], file: Path, environment: dict[str, Any]) -> None:
    """Write a baseline, one line a cell, so that a review shows which cells changed."""
    lines = ",\n".join(json.dumps(asdict(cell), allow_nan=False) for cell in cells)
    head = json.dumps({"schema": SCHEMA, "packages": environment.get("packages", {})})[1:-1]
    try:
        file.write_text(f'{{{head},\n"cells": [\n{lines}\n]}}\n', encoding="utf-8")
    except OSError as error:
        raise UserError(f"Cannot write the baseline {file}: {error.strerror}.") from error


def read_baseline(file: Path) -> list[BaselineCell]:
    """Read a baseline. Raises `UserError` where it is none, or of a newer schema."""
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
        schema, cells = content["schema"], content["cells"]
    except OSError as error:
        raise UserError(
            f"Cannot read the baseline {file}: {error.strerror}. `adbench baseline RUN -o FILE` makes one."
        ) from error
    except (ValueError, KeyError, TypeError):
        raise UserError(f"{file} is not a baseline: make one with `adbench baseline RUN -o FILE`.") from None
    if not isinstance(schema, int) or schema > SCHEMA:
        raise UserError(f"The baseline {file} has schema {schema}, this adbench reads up to {SCHEMA}: update adbench.")
    try:
        return [BaselineCell(**cell) for cell in cells]
    except TypeError as error:
        raise UserError(f"{file} is not a whole baseline ({error}): make it again with `adbench baseline RUN -o FILE`.") from None
