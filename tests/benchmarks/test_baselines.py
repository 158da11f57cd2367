"""The baseline that CI checks the demo run against."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from adbench.errors import ExitCode
from adbench.regression.baseline import read_baseline
from adbench.regression.verdicts import check, exit_code

DEMO = Path(__file__).parents[2] / "benchmarks" / "baselines" / "demo.json"
PHANTOMS = {"phantom-brain", "phantom-chest", "phantom-his", "phantom-liver", "phantom-oct17", "phantom-resc"}


def test_the_demo_baseline_holds_both_methods_on_all_phantoms() -> None:
    cells = read_baseline(DEMO)
    assert {(cell.key["variant"], cell.key["preset"]) for cell in cells} == {("mvfa", "demo"), ("patchcore", "demo")}
    assert {cell.key["dataset"] for cell in cells} == PHANTOMS
    assert len(cells) == 12
    assert DEMO.stat().st_size < 50_000


def test_its_figures_are_those_of_its_scores() -> None:
    for cell in read_baseline(DEMO):
        labels = np.array(list(cell.labels)) == "1"
        assert cell.metrics["image_auroc"] == pytest.approx(roc_auc_score(labels, cell.scores), abs=1e-6), cell.label


def test_methods_that_lost_their_minds_are_found() -> None:
    cells, turned = read_baseline(DEMO), read_baseline(DEMO)
    for cell in turned:
        cell.scores[:] = [-score for score in cell.scores]
    compared = check(turned, cells)
    means = {row.label: row.verdict for row in compared if "mean" in row.label}
    assert means == {"mvfa, few-shot k=4, mean (demo)": "worse", "patchcore, full-normal, mean (demo)": "worse"}
    assert exit_code(compared) is ExitCode.REGRESSION
