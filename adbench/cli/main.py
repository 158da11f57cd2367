"""The entry point: subcommands, and the one place where user errors are caught."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

from adbench.cli import (
    baseline,
    check,
    compare,
    data,
    datasets,
    leaderboard,
    methods,
    metrics,
    plugins,
    report,
    run,
    suites,
    weights,
)
from adbench.cli.console import say_error
from adbench.cli.streams import lasting_streams
from adbench.errors import ExitCode, UserError

app = typer.Typer(
    help="Benchmark visual anomaly detection: fair baselines, one command, figures to trust.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for module in (run, leaderboard, metrics, methods, datasets, suites, weights, baseline, check, compare, report):
    app.command(module.NAME)(module.command)
for group in (plugins, data):
    app.add_typer(group.app, name=group.NAME)


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        print(version("adbench-vision"))
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Options before the subcommand."""


def main() -> None:
    """Run the command line; `UserError` becomes one line on stderr and exit code 2.

    What happened to the cells decides the exit code, whatever became of the output; only where all went well and stdout could
    not be written, because it is closed or its disk full, is the code `ExitCode.OUTPUT_LOST`.
    """
    # Threads that spin while they wait make small networks 10 times slower on shared cores.
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    code: str | int | None = ExitCode.OK
    with lasting_streams() as outcome:
        try:
            app()
        except UserError as error:
            say_error(str(error))
            code = ExitCode.USAGE
        except SystemExit as exit:
            code = exit.code
        sys.stdout.flush()
        if outcome.lost and not code:
            say_error(f"The output could not be written: {outcome.lost}. What the command did besides is done.")
            code = ExitCode.OUTPUT_LOST
    sys.exit(code)
