"""`adbench compare RUN_A RUN_B`."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from adbench.cli.check import show
from adbench.contracts.protocol import track_words
from adbench.errors import ExitCode, UserError

if TYPE_CHECKING:
    from adbench.api import Run
    from adbench.regression.baseline import BaselineCell

NAME = "compare"


def command(
    run_a: Annotated[Path, typer.Argument(help="Run folder: before.")],
    run_b: Annotated[Path, typer.Argument(help="Run folder: after; may be the same.")],
    methods: Annotated[
        str, typer.Option(help="A,B: compare method A of the first run with B of the second on the same images.")
    ] = "",
    tolerance: Annotated[float, typer.Option(help="Smaller differences count as equal.")] = 0.0,
    format: Annotated[Literal["table", "md", "json", "junit"], typer.Option(help="What to print.")] = "table",
) -> None:
    """Compare two runs, or any two methods, cell by cell. With paired intervals."""
    from adbench.cli.console import fail_if_unreadable, read_runs
    from adbench.regression.verdicts import Rule, check

    rule = Rule(tolerance)
    read = read_runs([run_a] if run_a == run_b else [run_a, run_b])
    (before, lost), (after, also_lost) = (_readable(run) for run in (read[0], read[-1]))
    if methods:
        first, comma, second = (part.strip() for part in methods.partition(","))
        if not comma:
            raise UserError("--methods wants two names, e.g. --methods patchcore,mvfa.")
        before, after = _of(before, first), _of(after, second)
        if not before or not after:
            raise UserError(f"{first} has {len(before)} finished cells in {run_a}, {second} has {len(after)} in {run_b}.")
        before, after = _paired(before, after, f"{first} -> {second}")
    show(check(after, before, rule=rule), format)
    if lost or also_lost:
        raise typer.Exit(ExitCode.CELL_FAILED)
    fail_if_unreadable(read)


def _readable(run: Run) -> tuple[list[BaselineCell], bool]:
    """The finished cells with their scores, and whether some scores cannot be read; those cells are named on stderr."""
    from adbench.cli.console import say_warning
    from adbench.regression.baseline import readable_cells
    from adbench.results.store import RunFolder

    cells, lost = readable_cells(RunFolder(run.folder), [record for record in run.records if record.status == "done"])
    for record in lost:
        say_warning(f"{record.label}: {record.error['message'] if record.error else ''}")
    return cells, bool(lost)


def _of(cells: list[BaselineCell], variant: str) -> list[BaselineCell]:
    return [cell for cell in cells if cell.key["variant"] == variant]


def _paired(before: list[BaselineCell], after: list[BaselineCell], name: str) -> tuple[list[BaselineCell], list[BaselineCell]]:
    """Under one name. Where each method has a single track, the tracks may differ: the test images are the same."""
    tracks = [{(cell.key["track"], cell.key["k"]) for cell in cells} for cells in (before, after)]
    single = all(len(found) == 1 for found in tracks)
    first, second = (next(iter(found)) for found in tracks)
    words = f"{track_words(*first)} -> {track_words(*second)}"
    shared = {"track": first[0], "k": first[1]} if first == second else {"track": words, "k": 0}

    def renamed(cell: BaselineCell) -> BaselineCell:
        # Here, the other sets that a method learns from are part of the method.
        conditions = {condition: value for condition, value in cell.conditions.items() if condition != "auxiliary"}
        return dataclasses.replace(cell, key={**cell.key, "variant": name, **(shared if single else {})}, conditions=conditions)

    return [renamed(cell) for cell in before], [renamed(cell) for cell in after]
