"""`adbench run`."""

from __future__ import annotations

import inspect
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from adbench.cli.console import say, tell
from adbench.cli.options import DEFAULTS, given_options, option, run_option
from adbench.errors import ExitCode
from adbench.planning.options import RunOptions

if TYPE_CHECKING:
    from adbench.api import Run
    from adbench.planning.plan import Plan

NAME = "run"
FOLDERS_SHOWN = 12  # of a set, before its first run
INTERRUPTED, TERMINATED = 130, 143  # what shells use for Ctrl-C and for SIGTERM


def command(dry_run: bool, **given: Any) -> None:
    """Run methods on datasets and print a leaderboard. The same command again computes only what is missing."""
    from adbench.api import execute_plan, plan
    from adbench.cli.console import registry_with_warnings

    options = given_options(given)
    registry = registry_with_warnings()
    planned = plan(options, registry)
    _announce(planned)
    _show_files(planned, options.out)
    if dry_run:
        from adbench.running.environment import choose_devices

        choose_devices(options.device)
        _print_plan(planned)
        _look_ahead(planned)
        return
    from adbench.cli.progress import TerminalReporter

    with TerminalReporter() as reporter, _ends_tidily():
        try:
            run = execute_plan(planned, options, registry, reporter)
        except KeyboardInterrupt as interrupt:
            reporter.stop()
            print(
                f"Interrupted. {reporter.finished} of {len(planned.cells)} cells are kept in {options.out}; "
                "the same command continues from there.",
                file=sys.stderr,
            )
            raise typer.Exit(TERMINATED if interrupt.args == (signal.SIGTERM,) else INTERRUPTED) from None
    _conclude(run, options)


@contextmanager
def _ends_tidily() -> Iterator[None]:
    """Let SIGTERM do what Ctrl-C does: contestants are ended, and nothing is left behind."""

    def interrupt(*_: object) -> None:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)  # once is enough: a second one must not cut the tidying short
        raise KeyboardInterrupt(signal.SIGTERM)

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


# One option for each field of `RunOptions`, whose docstring holds their help.
command.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
    [*map(run_option, DEFAULTS), option("dry_run", False, bool, "Print the plan and stop.")]
)


def _announce(planned: Plan) -> None:
    from adbench.cli.console import say_warning

    if planned.synthetic:
        tiny = " and tiny weights" if all(cell.preset == "demo" for cell in planned.cells) else ""
        print(
            f"These are phantoms{tiny}, which only show that everything works: for real figures put BMAD on disk and "
            "add --data-root DIR (`adbench datasets` says how to get it).",
            file=sys.stderr,
        )
    for name, reason in planned.absent:
        say(f"absent: {reason if name in reason else f'{name}: {reason}'}")
    for what, reason in planned.skipped:
        say(f"skipped: {what}: {reason}")
    for dataset in planned.datasets.values():
        for warning in dataset.warnings():
            say_warning(f"{dataset.card.name}: {warning}")


def _show_files(planned: Plan, out: Path) -> None:
    """What the files of a set are used as, before anything of it is in the run folder."""
    from adbench.data.disk import DiskDataset
    from adbench.data.splits import count_rows
    from adbench.results.store import RunFolder

    folder, datasets = RunFolder(out), planned.datasets
    for name in dict.fromkeys(name for cell in planned.cells for name in (cell.dataset.name, *cell.auxiliary)):
        rows = count_rows(datasets[name]) if isinstance(datasets[name], DiskDataset) and not folder.knows(name) else []
        if rows:
            say(f"{name}:")
        widest = max((len(row.folder) for row in rows), default=0)
        for row in rows[:FOLDERS_SHOWN]:
            use = " ".join(filter(None, (row.used, row.split, row.label, row.reason)))
            say(f"  {row.folder:{widest}}  {row.files:6} {use}")
        if len(rows) > FOLDERS_SHOWN:
            say(f"  ... {len(rows) - FOLDERS_SHOWN} more: `adbench datasets {name}` lists all.")


def _look_ahead(planned: Plan) -> None:
    """Say what would fail for its images or masks."""
    from adbench.cli.console import say_error, say_warning, tracked
    from adbench.running.images import open_plan, used_images

    opened = open_plan(planned.cells, planned.datasets, lambda found, description: tracked(found, description, len(found)))
    for warning in opened.warnings:
        say_warning(warning)
    failing: dict[str, list[str]] = {}
    for cell in planned.cells if opened.faults else ():
        if fault := opened.of(used_images(cell, planned.datasets)):
            failing.setdefault(fault, []).append(cell.label)
    for fault, labels in failing.items():
        say_error(f"{'; '.join(labels)}: {fault}")
    if failing:
        raise typer.Exit(ExitCode.CELL_FAILED)


def _print_plan(planned: Plan) -> None:
    from adbench.words import counted

    for cell in planned.cells:
        tell(cell.label)
    say(counted(len(planned.cells), "cell"))


def _conclude(run: Run, options: RunOptions) -> None:
    from adbench.cli.console import say_error, stdout
    from adbench.render.table import print_tables
    from adbench.words import counted

    print_tables(run.leaderboard(), stdout())
    failed: dict[str, list[str]] = {}
    for record in run.failed:
        failed.setdefault(record.error["message"] if record.error else "", []).append(record.label)
    for message, labels in failed.items():
        say_error(f"{'; '.join(labels)}: {message}")
    say(f"Kept in {options.out}: adbench leaderboard {options.out}")
    if run.failed:
        say_error(
            f"{len(run.failed)} of {counted(len(run.records), 'cell')} failed; tracebacks are in {options.out}/cells/*/cell.json."
        )
        raise typer.Exit(ExitCode.CELL_FAILED)
