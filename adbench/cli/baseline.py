"""`adbench baseline RUN -o FILE`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from adbench.cli.console import tell

NAME = "baseline"


def command(
    run: Annotated[Path, typer.Argument(help="Run folder.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="File to write.")],
) -> None:
    """Write a small file of what a run measured, for `check`. Fit for review: one line of figures per cell."""
    from adbench.api import read_run
    from adbench.errors import UserError
    from adbench.leaderboard.tables import newest
    from adbench.regression.baseline import baseline_cells, write_baseline
    from adbench.results.store import RunFolder
    from adbench.words import counted

    read = read_run(run)
    for sentence in read.unreadable:
        raise UserError(f"A baseline needs all cells: {sentence}")
    records = newest(read.records)
    cells = baseline_cells(RunFolder(run), records)
    failed = len(records) - len(cells)
    if failed or not cells:
        raise UserError(
            f"{run} has {failed} failed and {len(cells)} finished cells: a baseline needs all finished; "
            "fix what fails and run the same command again."
        )
    environment = records[0].environment
    write_baseline(cells, output, {name: environment.get(name) for name in ("python", "packages")})
    tell(f"{counted(len(cells), 'cell')} in {output}")
