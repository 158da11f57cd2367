"""The page on the results format tells what a run writes: files, fields, columns, arrays."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pyarrow.parquet as parquet
import pytest
from pages import REPOSITORY
from toyrun import toy_run

from adbench.regression.baseline import baseline_cells, write_baseline
from adbench.results.store import RunFolder

PAGE = (REPOSITORY / "docs" / "results.md").read_text(encoding="utf-8")


def documented(section: str) -> set[str]:
    """What the first columns of the tables of a section name."""
    _, _, text = PAGE.partition(f"\n## {section}\n")
    rows = re.findall(r"^\| (`.*?) \|", text.partition("\n## ")[0], re.M)
    return {name for row in rows for name in re.findall(r"`(\w+)`", row)}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished cell with all that can be kept."""
    made = toy_run(tmp_path_factory.mktemp("format") / "run", datasets="toy-a", keep=("maps", "state"))
    assert made.failed == []
    return made.folder


@pytest.fixture
def cell(run: Path) -> Path:
    """Its folder."""
    return next((run / "cells").iterdir())


def test_files(run: Path, cell: Path) -> None:
    tree = set(re.findall(r"^ +([\w.-]+\.(?:json|parquet|npz|safetensors)) ", PAGE, re.M))
    assert {file.name for file in [*cell.iterdir(), *run.iterdir()] if file.is_file()} <= tree


def test_fields_of_a_record(cell: Path) -> None:
    assert set(json.loads((cell / "cell.json").read_text())) == documented("cell.json") | {"schema"}


def test_columns_of_the_scores(cell: Path) -> None:
    assert set(parquet.read_schema(cell / "scores.parquet").names) == documented("scores.parquet")


def test_arrays_of_the_maps(cell: Path) -> None:
    with np.load(cell / "maps.npz", allow_pickle=False) as kept:
        assert set(kept) == documented("maps.npz")


def test_fields_of_a_baseline(run: Path, tmp_path: Path) -> None:
    folder = RunFolder.open(run)
    write_baseline(baseline_cells(folder, folder.records()), tmp_path / "baseline.json", {})
    written = json.loads((tmp_path / "baseline.json").read_text())
    assert set(written["cells"][0]) | set(written["scores"][0]) == documented("Baseline file")
    assert set(written) == {"schema", "versions", "cells", "scores"}
