"""`adbench compare RUN_A RUN_B`."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from adbench.cli.check import show
from adbench.contracts.protocol import track_words
from adbench.errors import UserError

if TYPE_CHECKING:
    from adbench.regression.baseline import BaselineCell

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
    """Compare two runs, or any two methods, cell by cell. With paired intervals."""
    from adbench.api import open_run
    from adbench.regression.baseline import baseline_cells
    from adbench.regression.verdicts import Rule, check
    from adbench.results.store import RunFolder

    rule = Rule(tolerance)
    before, after = (baseline_cells(RunFolder(path), open_run(path).records) for path in (run_a, run_b))
    if methods:
        first, comma, second = (part.strip() for part in methods.partition(","))
        if not comma:
            raise UserError("--methods wants two names, e.g. --methods patchcore,mvfa.")
        before, after = _of(before, first), _of(after, second)
        if not before or not after:
            raise UserError(f"{first} has {len(before)} finished cells in {run_a}, {second} has {len(after)} in {run_b}.")
        before, after = _paired(before, after, f"{first} -> {second}")
    show(check(after, before, rule=rule), format)


def _of(cells: list[BaselineCell], variant: str) -> list[BaselineCell]:
    return [cell for cell in cells if cell.key["variant"] == variant]


def _paired(before: list[BaselineCell], after: list[BaselineCell], name: str) -> tuple[list[BaselineCell], list[BaselineCell]]:
    """Under one name; where each method has a single track, it does not matter which: the test images are the same."""
    tracks = [{(cell.key["track"], cell.key["k"]) for cell in cells} for cells in (before, after)]
    single = all(len(found) == 1 for found in tracks)
    first, second = (next(iter(found)) for found in tracks)
    words = f"{track_words(*first)} -> {track_words(*second)}"
    shared = {"track": first[0], "k": first[1]} if first == second else {"track": words, "k": 0}

    def renamed(cell: BaselineCell) -> BaselineCell:
        # What a method learnt from the other sets is part of the method here.
        conditions = {condition: value for condition, value in cell.conditions.items() if condition != "auxiliary"}
        return dataclasses.replace(cell, key={**cell.key, "variant": name, **(shared if single else {})}, conditions=conditions)

    return [renamed(cell) for cell in before], [renamed(cell) for cell in after]
