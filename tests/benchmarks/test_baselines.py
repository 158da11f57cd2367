"""The baseline that CI checks the demo run against."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from sklearn.metrics import roc_auc_score

from adbench.errors import ExitCode
from adbench.regression.baseline import BaselineCell, read_baseline
from adbench.regression.verdicts import Rule, check, exit_code

DEMO = Path(__file__).parents[2] / "benchmarks" / "baselines" / "demo.json"


def test_the_demo_baseline_holds_both_methods_on_all_phantoms() -> None:
    cells = read_baseline(DEMO)
    assert {(cell.key["variant"], cell.key["preset"]) for cell in cells} == {("mvfa", "demo"), ("patchcore", "demo")}
    assert len({cell.key["dataset"] for cell in cells}) == 6
    assert len(cells) == 12
    assert DEMO.stat().st_size < 50_000


@pytest.mark.parametrize("cell", read_baseline(DEMO), ids=lambda cell: cell.label)
def test_the_figures_are_those_of_the_scores_beside_them(cell: BaselineCell) -> None:
    assert cell.metrics["image_auroc"] == pytest.approx(roc_auc_score(list(map(int, cell.labels)), cell.scores), abs=1e-6)


def test_the_loss_of_one_cell_is_found_and_no_other() -> None:
    cells = read_baseline(DEMO)
    worst = max(cells, key=lambda cell: cell.metrics["image_auroc"] or 0)
    turned = dataclasses.replace(worst, scores=[-score for score in worst.scores])
    compared = check([turned if cell is worst else cell for cell in cells], cells, rule=Rule(0.0, strict=True))
    assert exit_code(compared) is ExitCode.REGRESSION
    assert {row.label for row in compared if row.verdict != "same" and "mean" not in row.label} == {worst.label}
