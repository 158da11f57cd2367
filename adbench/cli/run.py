"""`adbench run`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from adbench.errors import ExitCode, UserError

if TYPE_CHECKING:
    from adbench.api import Run
    from adbench.planning.options import RunOptions
    from adbench.planning.plan import Plan

NAME = "run"
INTERRUPTED = 130  # what shells use for Ctrl-C


def command(
    methods: Annotated[str, typer.Option(help="Names separated by commas, or all. See `adbench methods`.")] = "",
    datasets: Annotated[
        str, typer.Option(help="Names, groups (bmad, phantoms), folder:PATH, or all: every set that is there.")
    ] = "",
    data_root: Annotated[Path | None, typer.Option(envvar="ADBENCH_DATA", help="Folder that holds the datasets.")] = None,
    track: Annotated[
        str, typer.Option(help="full-normal, few-normal, few-shot, zero-shot; each method's usual one by default.")
    ] = "",
    shots: Annotated[str, typer.Option(help="k of the few-* tracks, e.g. 2,4,8,16. [default: 4]")] = "",
    seeds: Annotated[str, typer.Option(help="Seeds, e.g. 0,1,2 or 0-4. [default: 0]")] = "",
    preset: Annotated[
        str | None, typer.Option(help="paper or demo (tiny embedded weights). [default: demo on phantoms, else paper]")
    ] = None,
    weights: Annotated[list[str] | None, typer.Option(help="NAME=PATH of a weights file; repeatable.")] = None,
    set_: Annotated[list[str] | None, typer.Option("--set", help="METHOD.PARAM=VALUE; repeatable.")] = None,
    suite: Annotated[str | None, typer.Option(help="A grid: a TOML file or a name of `adbench suites`.")] = None,
    limit: Annotated[int | None, typer.Option(help="At most so many images of each label, to try things out.")] = None,
    zero_shot_pool: Annotated[
        str, typer.Option(help="Splits of the other sets for zero-shot: valid+test, valid, test (or official: the same).")
    ] = "valid+test",
    other_modalities_only: Annotated[bool, typer.Option(help="Zero-shot: learn from no set of the target's modality.")] = False,
    support_lists: Annotated[
        Path | None, typer.Option(help="Folder of lists SET/K-shot.txt that name the images of the few-* tracks.")
    ] = None,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda or cuda:N.")] = "auto",
    precision: Annotated[str, typer.Option(help="fp32, bf16 or fp16.")] = "fp32",
    batch_size: Annotated[int, typer.Option(min=1, help="Images a predict call; scores do not depend on it.")] = 32,
    out: Annotated[Path, typer.Option(help="Run folder; what it holds is not computed again.")] = Path("adbench-run"),
    offline: Annotated[bool, typer.Option(help="Never touch the network.")] = False,
    keep: Annotated[
        list[str] | None,
        typer.Option(help="Besides the scores: maps, state (what was learned); repeatable. Cells that lack them run again."),
    ] = None,
    executor: Annotated[str, typer.Option(help="How cells are run: local, or a way that a plugin brings.")] = "local",
    dry_run: Annotated[bool, typer.Option(help="Print the plan and stop.")] = False,
) -> None:
    """Run methods on datasets and print a leaderboard. The same command again computes only what is missing."""
    from adbench.api import execute_plan, plan
    from adbench.cli.console import registry_with_warnings
    from adbench.contracts.protocol import Protocol
    from adbench.planning.options import RunOptions, split_names
    from adbench.registry.parameters import parse_set

    options = RunOptions(
        methods=split_names(methods),
        datasets=split_names(datasets),
        data_root=data_root,
        tracks=split_names(track),
        shots=_numbers("--shots", shots),
        seeds=_numbers("--seeds", seeds),
        preset=preset,
        weights=weight_files(weights or []),
        parameters=parse_set(set_ or []),
        suite=suite,
        device=device,
        precision=precision,
        batch_size=batch_size,
        out=out,
        offline=offline,
        keep=split_names(",".join(keep or [])),
        executor=executor,
        support_lists=support_lists,
        protocol=Protocol(zero_shot_pool, other_modalities_only, limit),  # type: ignore[arg-type]
    )
    registry = registry_with_warnings()
    planned = plan(options, registry)
    _announce(planned)
    if dry_run:
        _print_plan(planned)
        return
    from adbench.cli.progress import TerminalReporter

    with TerminalReporter() as reporter:
        try:
            run = execute_plan(planned, options, registry, reporter)
        except KeyboardInterrupt:
            reporter.stop()
            print(
                f"Interrupted. {reporter.finished} of {len(planned.cells)} cells are kept in {out}; "
                "the same command goes on from there.",
                file=sys.stderr,
            )
            raise typer.Exit(INTERRUPTED) from None
    _conclude(run, options)


def _announce(planned: Plan) -> None:
    from adbench.cli.console import say_warning

    if planned.synthetic:
        tiny = " and tiny weights" if all(cell.preset == "demo" for cell in planned.cells) else ""
        print(
            f"These are phantoms{tiny}, to show that everything works: for real figures put BMAD on disk and "
            "add --data-root DIR (`adbench datasets` says how to get it).",
            file=sys.stderr,
        )
    for name, reason in planned.absent:
        print(f"absent: {reason if name in reason else f'{name}: {reason}'}", file=sys.stderr)
    for what, reason in planned.skipped:
        print(f"skipped: {what}: {reason}", file=sys.stderr)
    for dataset in planned.datasets.values():
        for warning in dataset.warnings():
            say_warning(f"{dataset.card.name}: {warning}")


def _print_plan(planned: Plan) -> None:
    from adbench.words import counted

    for cell in planned.cells:
        print(cell.label)
    print(counted(len(planned.cells), "cell"), file=sys.stderr)


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
    print(f"Kept in {options.out}: adbench leaderboard {options.out}", file=sys.stderr)
    if run.failed:
        say_error(
            f"{len(run.failed)} of {counted(len(run.records), 'cell')} failed; tracebacks are in {options.out}/cells/*/cell.json."
        )
        raise typer.Exit(ExitCode.CELL_FAILED)


def _numbers(option: str, text: str) -> tuple[int, ...]:
    from adbench.planning.options import split_names

    numbers: list[int] = []
    for part in split_names(text):
        first, dash, last = part.partition("-")
        try:
            found = range(int(first), int(last) + 1) if dash else [int(first)]
        except ValueError:
            raise UserError(f"{option} {text!r} is not a list of whole numbers such as 0,1,2 or 0-4.") from None
        if not found:
            raise UserError(f"{option} {text!r}: the range {part} is empty, its first number is the larger.")
        numbers += found
    return tuple(dict.fromkeys(numbers))


def weight_files(settings: list[str]) -> dict[str, Path]:
    """`["NAME=PATH"]` to name and file."""
    files = {}
    for setting in settings:
        name, equals, path = setting.partition("=")
        if not (name and equals and path):
            raise UserError(f"--weights {setting!r} is not of the form NAME=PATH; `adbench weights` lists the names.")
        files[name] = Path(path).expanduser()
        if not files[name].is_file():
            raise UserError(f"--weights {setting}: there is no such file.")
    return files
