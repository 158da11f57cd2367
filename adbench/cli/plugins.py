"""`adbench plugins [check NAME | new NAME]`."""

from __future__ import annotations

import dataclasses
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from adbench.cli.console import print_grid, print_json
from adbench.errors import ExitCode

if TYPE_CHECKING:
    from adbench.testing.checks import CheckResult

NAME = "plugins"
app = typer.Typer(help="List, check and create plugins.", add_completion=False, rich_markup_mode=None)


@app.callback(invoke_without_command=True)
def command(context: typer.Context, as_json: Annotated[bool, typer.Option("--json", help="List as JSON.")] = False) -> None:
    """List the plugins: name, distribution, hooks, load time, and why one failed to load (exit code 1)."""
    if context.invoked_subcommand:
        return
    from adbench.registry.cards import load_registry

    plugins = load_registry().plugins
    if as_json:
        print_json([dataclasses.asdict(plugin) for plugin in plugins.loaded])
    else:
        rows = [
            (p.name, f"{p.distribution} {p.version}", ", ".join(p.hooks), f"{1000 * p.seconds:.0f} ms", p.error or "ok")
            for p in plugins.loaded
        ]
        print_grid(("plugin", "distribution", "hooks", "load time", "state"), rows)
    if plugins.failed():
        raise typer.Exit(ExitCode.CHECK_FAILED)


@app.command("check")
def check(
    name: Annotated[str, typer.Argument(help="A method, a dataset, a group, a plugin or a distribution.")],
    only: Annotated[list[str] | None, typer.Option(help="Name of a check to run; repeatable. All by default.")] = None,
    data_root: Annotated[Path | None, typer.Option(envvar="ADBENCH_DATA", help="Folder with the datasets.")] = None,
    set_: Annotated[list[str] | None, typer.Option("--set", help="METHOD.PARAM=VALUE over the preset demo.")] = None,
    weights: Annotated[list[str] | None, typer.Option(help="NAME=PATH of a weights file; nothing is downloaded.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Check a plugin against the contract. Exit 0: all passed; 1: a check failed, with the reason and how to fix it."""
    from adbench.cli.console import registry_with_warnings
    from adbench.planning.options import read_files, read_settings
    from adbench.testing.checks import run_check
    from adbench.testing.subjects import benches
    from adbench.testing.suite import bound_checks

    parameters, files = read_settings(set_ or ()), read_files(weights or ())
    subjects = benches(name, registry_with_warnings(), parameters=parameters, weights=files, data_root=data_root)
    results = []
    for demand, bench in bound_checks(subjects, only or ()):
        results.append(run_check(demand, bench))
        if not as_json:
            _print_result(results[-1])
    if as_json:
        print_json([dataclasses.asdict(result) for result in results])
    failed, expected = (sum(result.status == status for result in results) for status in ("failed", "xfailed"))
    print(f"{len(results)} checks, {failed} failed{f', {expected} as expected' if expected else ''}", file=sys.stderr)
    if failed:
        raise typer.Exit(ExitCode.CHECK_FAILED)


def _print_result(result: CheckResult) -> None:
    print(f"{result.status:8} {result.subject}: {result.check}{': ' if result.reason else ''}{result.reason}", flush=True)
    if result.mend:
        print(f"{'':8} to fix it: {result.mend}", flush=True)


@app.command("new")
def new(
    name: Annotated[str, typer.Argument(help="Name of the method or dataset, and of the new folder.")],
    kind: Annotated[
        Literal["detector", "dataset"], typer.Option(help="What the plugin provides: detector or dataset.")
    ] = "detector",
    folder: Annotated[Path, typer.Option(help="Where to create the folder.")] = Path(),
) -> None:
    """Create a small distribution that works at once. Code, test, README and CI file."""
    from adbench.scaffold import new_plugin

    made = new_plugin(name, kind, folder)
    for file in made:
        print(file)
    target = made[0].parent
    print(f"\nNow: pip install -e {shlex.quote(str(target))} && adbench plugins check {name}")
