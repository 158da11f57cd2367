"""The baseline file: what a run measured, small enough to review and to keep in a repository."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, get_type_hints

import numpy as np

from adbench.contracts.protocol import cell_words
from adbench.errors import UserError
from adbench.files.untrusted import read_regular
from adbench.results.record import CellRecord, ScoreTable, known_subjects
from adbench.results.store import RunFolder
from adbench.results.typed import Count, Ends, Figure, Misfit, Name, checked, demand_schema, from_json, mapping, rows

if TYPE_CHECKING:
    from pydantic import TypeAdapter

SCHEMA = 2
LARGEST = 1 << 30  # bytes; a thousand cells on large sets take 0.1 GB
SIGNIFICANT_DIGITS = 9  # of the scores kept, as many as float32 has: ranks survive
DECIMALS = 6  # of the figures, for a reader's sake; verdicts come from the scores

# The parts of an identity that must agree for two figures to be comparable, besides the key. Parameters and weights may
# differ: that is what a check is for.
CONDITIONS = ("fingerprint", "auxiliary", "protocol")
KEY = ("variant", "dataset", "track", "k", "seed", "preset")


@dataclass(frozen=True, kw_only=True)
class BaselineCell:
    """One cell of a baseline, or of a run that is compared with it.

    Attributes:
        key: what names the cell: variant, dataset, track, k, seed, preset.
        conditions: the part of its identity that must agree for a comparison.
        started: when it was measured.
        metrics, intervals: its figures, in [0, 1].
        images: digest of the names of the test images.
        labels: of the test images, 0 or 1 each, in the order of the dataset.
        groups: a number for the subject of each; None if not all are known.
        scores: of each.
    """

    key: dict[str, Any]
    conditions: dict[str, Any]
    started: str
    metrics: dict[str, float | None]
    intervals: dict[str, list[float]]
    images: str
    labels: str
    groups: list[int] | None
    scores: list[float]

    @property
    def label(self) -> str:
        """For people."""
        return cell_label(self.key)

    @property
    def table(self) -> ScoreTable:
        """The scores, with the digest in place of the names."""
        groups: list[str | None] = [None] * len(self.scores) if self.groups is None else [str(group) for group in self.groups]
        return ScoreTable([self.images], np.array(self.scores), np.array(list(self.labels)) == "1", groups)


SCORES = ("images", "labels", "groups", "scores")  # last in the file, which begins with what a reviewer reads


def cell_label(key: dict[str, Any]) -> str:
    """`mvfa, few-shot k=4, phantom-brain, seed 0 (demo)`."""
    return f"{cell_words(key['variant'], key['track'], key['k'], key['dataset'], key['seed'])} ({key['preset']})"


def cell_key(record: CellRecord) -> dict[str, Any]:
    """What names a cell across runs."""
    return {name: getattr(record, name) for name in KEY}


def comparable_part(record: CellRecord) -> dict[str, Any]:
    """The part of an identity that must agree for a comparison."""
    return {name: record.identity.get(name) for name in CONDITIONS}


def baseline_cells(folder: RunFolder, records: Iterable[CellRecord]) -> list[BaselineCell]:
    """The finished cells of a run with their scores. Raises `UserError` that names a cell whose scores cannot be read."""
    cells, failed = readable_cells(folder, (record for record in records if record.status == "done"))
    for record in failed:
        raise UserError(f"{cell_label(cell_key(record))}: {record.error['message'] if record.error else ''}.")
    return cells


def readable_cells(folder: RunFolder, records: Iterable[CellRecord]) -> tuple[list[BaselineCell], list[CellRecord]]:
    """The finished cells of a run with their scores, and the failed ones, including those whose scores cannot be read."""
    cells, failed = [], []
    for record in records:
        if record.status == "failed":
            failed.append(record)
            continue
        try:
            cells.append(_cell(record, folder.scores(record.id)))
        except UserError as error:
            failed.append(replace(record, status="failed", error={"type": "UserError", "message": str(error), "traceback": ""}))
    return cells, failed


def write_baseline(cells: Iterable[BaselineCell], file: Path, versions: dict[str, Any]) -> None:
    """Write a baseline: what it was measured with, one line of figures per cell, then one line of scores per cell.

    Raises:
        UserError: a cell has no image AUROC and could never pass, or the file cannot be written.
    """
    ordered = sorted(cells, key=lambda cell: cell.label)
    for cell in ordered:
        if cell.metrics.get("image_auroc") is None:
            raise UserError(f"{cell.label} has no image AUROC: a baseline needs test images of both labels.")
    parts = {
        "cells": [{name: getattr(cell, name) for name in _names() if name not in SCORES} for cell in ordered],
        "scores": [{name: getattr(cell, name) for name in SCORES} for cell in ordered],
    }
    lines = [f'"schema": {SCHEMA}', f'"versions": {json.dumps(versions)}']
    for name, lists in parts.items():
        body = ",\n".join(json.dumps(row, allow_nan=False) for row in lists)
        lines.append(f'"{name}": [\n{body}\n]')
    try:
        file.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")
    except OSError as error:
        raise UserError(f"Cannot write the baseline {file}: {error.strerror}.") from error


def read_baseline(file: Path) -> list[BaselineCell]:
    """Read a baseline. Raises `UserError` if the file is not a baseline, or has a newer schema."""
    try:
        raw = read_regular(file, LARGEST)
    except OSError as error:
        raise UserError(
            f"Cannot read the baseline {file}: {error.strerror}. `adbench baseline RUN -o FILE` makes one."
        ) from error
    try:
        content, finite = from_json(raw)
        cells = _cells(content, demand_schema(content, SCHEMA, f"The baseline {file}", "update adbench"))
        if not finite:
            raise Misfit("`conditions`: a number is NaN or infinite")
    except ValueError:
        raise UserError(f"{file} is not a baseline: make one with `adbench baseline RUN -o FILE`.") from None
    except Misfit as misfit:
        raise UserError(
            f"{file} is not a complete baseline ({misfit}): make it again with `adbench baseline RUN -o FILE`."
        ) from None
    return cells


def _cells(content: dict[str, Any], schema: int) -> list[BaselineCell]:
    """Raises `Misfit` if the file is not complete."""
    if schema == 1:
        cells = [_from_schema_1(**cell) for cell in checked(_file(1), content)["cells"]]
    else:
        whole = checked(_file(SCHEMA), content)
        if len(whole["cells"]) != len(whole["scores"]):
            raise Misfit("`scores`: not one line per cell")
        cells = [BaselineCell(**(figures | kept)) for figures, kept in zip(whole["cells"], whole["scores"], strict=True)]
    seen = set()
    for place, cell in enumerate(cells):
        if not len(cell.labels) == len(cell.scores) == len(cell.scores if cell.groups is None else cell.groups):
            raise Misfit(f"`scores.{place}`: labels, groups and scores differ in length")
        name = cell.label, json.dumps(cell.conditions, sort_keys=True)
        if name in seen:
            raise Misfit(f"`cells.{place}`: {cell.label} appears twice")
        seen.add(name)
    return cells


@cache
def _file(schema: int) -> TypeAdapter[dict[str, Any]]:
    """What `check` relies on, in `key` and `conditions` too."""
    from pydantic import StringConstraints, TypeAdapter

    words = dict.fromkeys(("variant", "dataset", "track", "preset"), Name)
    hints = {
        **get_type_hints(_from_schema_1 if schema == 1 else BaselineCell),
        "key": mapping({**words, "k": Count, "seed": Count}),
        "conditions": mapping(dict.fromkeys(CONDITIONS, Any)),
    }
    hints["metrics"] = dict[str, Figure | None]
    hints["groups"] = list[Name | None] if schema == 1 else list[Count] | None
    if schema == 1:
        hints["labels"] = list[Literal[0, 1]]
        hints.pop("return")
        return TypeAdapter(mapping({"cells": rows(hints)}))
    hints["intervals"] = dict[str, Ends]
    hints["labels"] = Annotated[str, StringConstraints(pattern="^[01]*$")]
    kept = {name: hints.pop(name) for name in SCORES}
    return TypeAdapter(mapping({"cells": rows(hints), "scores": rows(kept)}))


def _cell(record: CellRecord, table: ScoreTable) -> BaselineCell:
    return BaselineCell(
        key=cell_key(record),
        conditions=comparable_part(record),
        started=record.started,
        metrics={name: None if value is None else round(value, DECIMALS) for name, value in record.metrics.items()},
        intervals={name: [round(end, DECIMALS) for end in ends] for name, ends in record.intervals.items()},
        **_images(table.ids, table.labels.tolist(), table.groups),
        scores=[float(f"{score:.{SIGNIFICANT_DIGITS}g}") for score in table.scores],
    )


def _from_schema_1(
    *,
    key: dict[str, Any],
    conditions: dict[str, Any],
    metrics: dict[str, float | None],
    ids: list[str],
    scores: list[float],
    labels: list[int],
    groups: list[str | None],
) -> BaselineCell:
    """Schema 1 kept the names of all images, and no intervals."""
    kept = {name: conditions[name] for name in CONDITIONS}
    images = _images(ids, labels, groups)
    return BaselineCell(key=key, conditions=kept, started="", metrics=metrics, intervals={}, **images, scores=scores)


def _images(ids: list[str], labels: list[int], groups: list[str | None]) -> dict[str, Any]:
    """The images of a cell, without their names."""
    subjects = known_subjects(groups)
    return {
        "images": hashlib.sha256(json.dumps(ids).encode()).hexdigest(),
        "labels": "".join("1" if label else "0" for label in labels),
        "groups": None if subjects is None else np.unique(subjects, return_inverse=True)[1].tolist(),
    }


def _names() -> list[str]:
    return [field.name for field in fields(BaselineCell)]
