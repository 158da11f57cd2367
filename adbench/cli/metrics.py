"""`adbench metrics RUN...`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from adbench.errors import ExitCode, UserError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Sequence

    from adbench.contracts.metric import Metrics

NAME = "metrics"


def command(
    runs: Annotated[list[Path] | None, typer.Argument(help="Run folders; adbench-run by default.")] = None,
    data_root: Annotated[
        Path | None, typer.Option(envvar="ADBENCH_DATA", help="Folder with the sets: pixel figures need their masks.")
    ] = None,
    metric: Annotated[list[str] | None, typer.Option(help="Only this one, e.g. image_auroc; repeatable.")] = None,
    fpr_limit: Annotated[float, typer.Option(help="False-positive rate up to which the AUPRO is integrated.")] = 0.3,
    format: Annotated[Literal["table", "csv", "json"], typer.Option(help="What to print.")] = "table",
    write: Annotated[bool, typer.Option(help="Write missing figures into the records; pixel figures of raw maps stay.")] = False,
) -> None:
    """Compute all figures again from kept scores and maps. With their intervals; no method is run."""
    from adbench.cli.console import fail_if_unreadable, read_runs, registry_with_warnings, say_warning
    from adbench.planning.options import DEFAULT_OUT, split_names
    from adbench.results.brought import known_metrics
    from adbench.results.remeasure import remeasure
    from adbench.results.store import RunFolder
    from adbench.words import counted

    registry = registry_with_warnings()
    read = read_runs(runs or [DEFAULT_OUT])
    known = known_metrics((record for run in read for record in run.records), registry.metrics)
    names = split_names(",".join(metric or [])) or tuple(known)
    for name in names:
        if name not in known:
            raise UserError(f"Unknown metric {name!r}.{did_you_mean(name, known)}")
    rows: list[dict[str, Any]] = []
    changed, unread = 0, 0
    for run in read:
        folder = RunFolder(run.folder)
        for cell in remeasure(folder, run.records, registry, data_root, fpr_limit):
            rows += [row for row in cell.rows() if row["metric"] in names]
            unread += cell.image is None
            if cell.problem:
                say_warning(f"{cell.record.id}: {cell.problem}")
            for name, facts in cell.cards.items():
                if facts["problem"] and name in names:
                    say_warning(f"{cell.record.id}: {name}: {facts['problem']}")
            if write and cell.updated() != cell.record:
                folder.update(cell.updated())
                changed += 1
    if rows or format != "table":
        _show(rows, format, known)
    if write:
        print(f"{counted(changed, 'record')} changed.", file=sys.stderr)
    if not rows:
        print("No finished cell of these runs has such a figure.", file=sys.stderr)
    if unread:
        raise typer.Exit(ExitCode.CELL_FAILED)
    fail_if_unreadable(read)


def _show(rows: Sequence[dict[str, Any]], format: str, known: Metrics) -> None:
    from adbench.cli.console import print_grid, print_json
    from adbench.contracts.protocol import track_words
    from adbench.render.words import MISSING, figure_words, interval_words

    if format == "json":
        print_json(rows)
    elif format == "csv":
        from adbench.render.rows import csv_text

        print(csv_text(rows, "id"), end="")
    else:
        shown = [
            (
                row["variant"],
                row["dataset"],
                track_words(row["track"], row["k"]),
                row["seed"],
                known[row["metric"]].title,
                figure_words(known[row["metric"]], row["value"]),
                MISSING if row["low"] is None else interval_words(known[row["metric"]], (row["low"], row["high"])),
                row["source"],
            )
            for row in rows
        ]
        figure = "%" if all(known[row["metric"]].in_percent for row in rows) else "figure (shares in %)"
        print_grid(("method", "dataset", "track", "seed", "metric", figure, "95 % interval", "from"), shown)
