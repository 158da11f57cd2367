"""The baseline that CI checks the demo run against."""

from __future__ import annotations

from pathlib import Path

from adbench.errors import ExitCode
from adbench.regression.baseline import read_baseline
from adbench.regression.verdicts import Rule, check, exit_code

DEMO = Path(__file__).parents[2] / "benchmarks" / "baselines" / "demo.json"


def test_the_demo_baseline_holds_both_methods_on_all_phantoms_and_agrees_with_itself() -> None:
    cells = read_baseline(DEMO)
    assert {(cell.key["variant"], cell.key["preset"]) for cell in cells} == {("mvfa", "demo"), ("patchcore", "demo")}
    assert len({cell.key["dataset"] for cell in cells}) == 6
    assert len(cells) == 12
    assert DEMO.stat().st_size < 50_000
    assert exit_code(check(cells, cells, rule=Rule(0.0, strict=True))) is ExitCode.OK
