"""The baseline file: what is in it, and what is refused."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from baselinecells import cell
from madeup import failed_cell, made_up_cell

from adbench import UserError
from adbench.regression.baseline import baseline_cells, read_baseline, readable_cells, write_baseline
from adbench.results.store import RunFolder


def test_a_baseline_reads_back(tmp_path: Path) -> None:
    file = tmp_path / "baseline.json"
    grouped = dataclasses.replace(cell("b"), groups=[number // 2 for number in range(120)])
    write_baseline([grouped, cell("a")], file, {"packages": {"torch": "2"}})
    assert read_baseline(file) == [cell("a"), grouped]
    lines = file.read_text().splitlines()
    assert len(lines) == 12  # a line of figures and one of scores a cell
    assert all(len(line) < 400 for line in lines[:6])


def test_a_baseline_of_a_stored_run_says_how_it_was_measured(tmp_path: Path) -> None:
    folder = RunFolder.create(tmp_path / "run")
    record = made_up_cell(
        folder, "a", "d", protocol={"limit": 3}, intervals={"image_auroc": [0.123456789, 0.9]}, metrics={"pixel_auroc": None}
    )
    found = baseline_cells(folder, [record, failed_cell(folder, "b", "d", "boom")])
    assert len(found) == 1
    assert found[0].conditions["protocol"]["limit"] == 3
    assert found[0].intervals == {"image_auroc": [0.123457, 0.9]}
    assert found[0].metrics == {"image_auroc": round(record.metrics["image_auroc"], 6), "pixel_auroc": None}
    assert found[0].labels == "01" * 20
    assert found[0].groups is None
    assert found[0].scores == pytest.approx(folder.scores(record.id).scores, rel=1e-8)


def test_subjects_are_numbered_and_names_are_digested(tmp_path: Path) -> None:
    folder = RunFolder.create(tmp_path / "run")
    record = made_up_cell(folder, "a", "d", items=[("x", False), ("y", True), ("z", True)])
    table = dataclasses.replace(
        folder.scores(record.id), groups=["ben", "ann", "ben"], scores=np.array([1 / 3, 2e-7 / 3, 1e9 / 3])
    )
    folder.write(record, table)
    (found,) = baseline_cells(folder, [record])
    assert found.groups == [1, 0, 1]
    assert found.labels == "011"
    assert found.scores == [0.333333333, 6.66666667e-08, 333333333.0]
    # sha256 of ["x", "y", "z"] as JSON
    assert found.images == hashlib.sha256(b'["x", "y", "z"]').hexdigest()


def test_scores_that_cannot_be_read_name_their_cell(tmp_path: Path) -> None:
    folder = RunFolder.create(tmp_path / "run")
    good, broken = made_up_cell(folder, "a", "d"), made_up_cell(folder, "b", "d")
    (folder.cells / broken.id / "scores.parquet").write_bytes(b"broken")
    with pytest.raises(UserError, match=r"b, few-shot k=4, d, seed 0 \(demo\): its scores cannot be read"):
        baseline_cells(folder, [good, broken])
    cells, failed = readable_cells(folder, [good, broken])
    assert [each.key["variant"] for each in cells] == ["a"]
    assert [(record.method, record.status) for record in failed] == [("b", "failed")]


def test_the_first_schema_is_read(tmp_path: Path) -> None:
    old = {
        "key": cell().key,
        "conditions": cell().conditions,
        "metrics": {"image_auroc": 0.75},
        "ids": ["x", "y"],
        "scores": [0.5, 0.25],
        "labels": [1, 0],
        "groups": ["b", "a"],
    }
    (tmp_path / "old.json").write_text(json.dumps({"schema": 1, "cells": [old]}))
    (found,) = read_baseline(tmp_path / "old.json")
    assert (found.metrics, found.intervals, found.scores) == ({"image_auroc": 0.75}, {}, [0.5, 0.25])
    assert (found.labels, found.groups, found.started) == ("10", [1, 0], "")
    assert found.images == hashlib.sha256(b'["x", "y"]').hexdigest()


def test_a_cell_without_a_figure_is_no_baseline(tmp_path: Path) -> None:
    unmeasured = dataclasses.replace(cell(), metrics={"image_auroc": None})
    with pytest.raises(UserError, match="needs test images of both labels"):
        write_baseline([unmeasured], tmp_path / "baseline.json", {})


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "is not a baseline"),
        ('{"schema": 2}', "not a complete baseline .`cells`: field required"),
        ("[]", "not a complete baseline .`schema`: expected a version number"),
        ('{"schema": 2, "cells": []}', "not a complete"),
        ('{"schema": 99, "cells": [], "scores": []}', "schema 99"),
        ('{"schema": 1, "cells": [{}]}', "not a complete"),
        ('{"schema": 2, "cells": [{}], "scores": [{}]}', "not a complete"),
        ('{"schema": 2, "cells": [{}], "scores": []}', "not a complete"),
    ],
)
def test_a_bad_baseline_is_one_sentence(tmp_path: Path, content: str, message: str) -> None:
    file = tmp_path / "baseline.json"
    file.write_text(content)
    with pytest.raises(UserError, match=message):
        read_baseline(file)
    with pytest.raises(UserError, match="Cannot read"):
        read_baseline(tmp_path / "none.json")


def changed(lines: dict[str, Any], part: str, field: str, value: Any) -> str:
    """A baseline of one cell with another value in one field."""
    lines = json.loads(json.dumps(lines))
    lines[part][0][field] = value
    return json.dumps(lines)


@pytest.mark.parametrize(
    ("part", "field", "value", "said"),
    [
        ("cells", "metrics", {"image_auroc": "0.9"}, "`cells.0.metrics.image_auroc`: input should be a valid number"),
        ("cells", "metrics", {"image_auroc": float("nan")}, "`cells.0.metrics.image_auroc`: input should be a finite number"),
        ("cells", "intervals", {"pixel_auroc": [0.1]}, "`cells.0.intervals.pixel_auroc`: list should have at least 2 items"),
        ("cells", "key", {"variant": "m"}, "`cells.0.key.dataset`: field required"),
        ("cells", "conditions", {"fingerprint": "f", "auxiliary": {}}, "`cells.0.conditions.protocol`: field required"),
        ("cells", "started", 5, "`cells.0.started`: input should be a valid string"),
        ("scores", "labels", "0120", "`scores.0.labels`: string should match"),
        ("scores", "labels", "01", "`scores.0`: labels, groups and scores differ in length"),
        ("scores", "groups", [1], "`scores.0`: labels, groups and scores differ in length"),
        ("scores", "scores", [0.1, None, 0.2, 0.3], "`scores.0.scores.1`: input should be a valid number"),
        ("scores", "scores", [0.1, float("nan"), 0.2, 0.3], "`scores.0.scores.1`: input should be a finite number"),
    ],
)
def test_a_field_of_a_baseline_that_does_not_fit_is_named(tmp_path: Path, part: str, field: str, value: Any, said: str) -> None:
    file = tmp_path / "baseline.json"
    write_baseline([cell(count=4)], file, {})
    file.write_text(changed(json.loads(file.read_text()), part, field, value))
    with pytest.raises(UserError, match=re.escape(f"{file} is not a complete baseline ({said}")):
        read_baseline(file)


def test_what_a_newer_writer_added_to_a_baseline_is_ignored(tmp_path: Path) -> None:
    file = tmp_path / "baseline.json"
    write_baseline([cell(count=4)], file, {})
    file.write_text(changed(json.loads(file.read_text()), "cells", "colour", "red"))
    assert read_baseline(file) == [cell(count=4)]


def test_a_cell_stands_in_a_baseline_once(tmp_path: Path) -> None:
    file = tmp_path / "baseline.json"
    write_baseline([cell(count=4), cell(count=4, separation=3.0)], file, {})
    with pytest.raises(UserError, match="`cells.1`: m, few-shot k=4, d, seed 0 .demo. appears twice"):
        read_baseline(file)
