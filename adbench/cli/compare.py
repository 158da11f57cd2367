"""`adbench compare RUN_A RUN_B`."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from adbench.cli.check import show
from adbench.errors import UserError

if TYPE_CHECKING:
    from adbench.baseline import BaselineCell

NAME = "compare"


def command(
    run_a: Annotated[Path, typer.Argument(help="Run folder: before.")],
    run_b: Annotated[Path, typer.Argument(help="Run folder: after; may be the same.")],
    methods: Annotated[
        str, typer.Option(help="A,B: compare method A of the first run with B of the second on the same images.")
    ] = "",
    tolerance: Annotated[float, typer.Option(help="Differences within it are the same.")] = 0.0,
    format: Annotated[Literal["table", "md", "json", "junit"], typer.Option(help="What to print.")] = "table",
) -> None:
    """Compare two runs, or any two methods, cell by cell with paired intervals."""
    from adbench.api import open_run
    from adbench.baseline import baseline_cells
    from adbench.regression import check
    from adbench.store import RunFolder

    before, after = (baseline_cells(RunFolder(path), open_run(path).records) for path in (run_a, run_b))
    if methods:
        first, comma, second = methods.partition(",")
        if not comma:
            raise UserError("--methods wants two names, e.g. --methods patchcore,mvfa.")
        before = [cell for cell in before if cell.key["variant"] == first.strip()]
        after = [_renamed(cell, first.strip()) for cell in after if cell.key["variant"] == second.strip()]
        if not before or not after:
            raise UserError(f"{first} has {len(before)} finished cells in {run_a}, {second} has {len(after)} in {run_b}.")
        tracks = {(cell.key["track"], cell.key["k"]) for cell in before}
        # Two methods may be of different tracks; what matters here is that the test images are the same.
        if {(cell.key["track"], cell.key["k"]) for cell in after} != tracks and len(tracks) == 1:
            track, k = tracks.pop()
            after = [_moved(cell, track, k) for cell in after]
    show(check(after, before, tolerance=tolerance), format)


def _renamed(cell: BaselineCell, name: str) -> BaselineCell:
    return dataclasses.replace(cell, key={**cell.key, "variant": name})


def _moved(cell: BaselineCell, track: str, k: int) -> BaselineCell:
    conditions = {**cell.conditions, "track": track, "k": k, "auxiliary": {}}
    return dataclasses.replace(cell, key={**cell.key, "track": track, "k": k}, conditions=conditions)
