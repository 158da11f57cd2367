"""`adbench data verify NAME... | fetch NAME... | manifest NAME`."""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from adbench.cli import manifest
from adbench.cli.console import print_grid, print_json, registry_with_warnings, tracked
from adbench.cli.options import with_reading
from adbench.contracts.dataset import Reading
from adbench.errors import ExitCode, UserError
from adbench.words import printable

if TYPE_CHECKING:
    from adbench.contracts.dataset import DatasetArchive, DatasetCard
    from adbench.data.findings import Findings

NAME = "data"
EXAMPLES = 3
app = typer.Typer(help="Get datasets, and verify a copy.", add_completion=False, rich_markup_mode=None, no_args_is_help=True)
app.command(manifest.NAME)(manifest.command)
Names = Annotated[list[str], typer.Argument(help="Sets, groups (bmad), or all.")]
Root = Annotated[Path | None, typer.Option(envvar="ADBENCH_DATA", help="Folder with the datasets.")]


@app.command("verify")
@with_reading()
def verify(
    names: Names,
    data_root: Root = None,
    reading: Reading = Reading(),
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, with all examples.")] = False,
) -> None:
    """Look for faults in a copy that make figures wrong. Unreadable, duplicate or unlabelled images, subjects in two splits and so on.

    Exit 0: nothing, or only warnings and notes; 1: an error, which makes a figure on this copy wrong or impossible to compute.
    """
    from adbench.data import verify as logic
    from adbench.planning.shelf import Shelf
    from adbench.words import counted

    shelf = Shelf(registry_with_warnings(), data_root, reading, faulty=True)
    reports = logic.verify_all([shelf.present[card.name] for card in shelf.choose(names)], tracked)
    missing = list(shelf.absent.items())
    if as_json:
        absent = [{"dataset": name, "reason": reason} for name, reason in missing]
        print_json({"datasets": [dataclasses.asdict(report) for report in reports], "absent": absent})
    else:
        _print(reports, missing)
    errors, warnings = (sum(report.count(severity) for report in reports) for severity in ("error", "warning"))
    images = sum(report.images for report in reports)
    seen = f"{counted(len(reports), 'dataset')}, {counted(images, 'image')}"
    print(f"{seen}: {counted(errors, 'error')}, {counted(warnings, 'warning')}", file=sys.stderr)
    if errors:
        raise typer.Exit(ExitCode.CHECK_FAILED)


@app.command("fetch")
def fetch(
    names: Names,
    data_root: Root = None,
    accept_licence: Annotated[bool, typer.Option(help="Accept the licence without a prompt.")] = False,
) -> None:
    """Download and unpack datasets into the data root. Their licence is shown and must be accepted.

    A broken connection is retried. Existing files are kept.
    """
    from adbench.cli.console import say_warning
    from adbench.data import fetch as logic

    if data_root is None:
        raise UserError("Say where to put the sets: --data-root DIR, or ADBENCH_DATA.")
    wanted = logic.wanted(registry_with_warnings(), names, data_root)
    for name, how_to_get in wanted.elsewhere:
        say_warning(f"{name} cannot be downloaded. {how_to_get}")
    for name in wanted.there:
        print(f"{name} is there already.")
    for archive, cards in wanted.archives.items():
        _ask(archive, cards, accept_licence)
        print(f"Unpacked in {logic.fetch(archive, data_root)}: {', '.join(card.name for card in cards)}")
    for cards in wanted.archives.values():
        logic.demand_found(cards, data_root)


def _ask(archive: DatasetArchive, cards: list[DatasetCard], accepted: bool) -> None:
    """Show the licence. Raises `UserError` if it is not accepted."""
    print(archive.source)
    for card in cards:
        print("  " + ". ".join(filter(None, (card.title, card.citation, card.url))))
        print(f"    Licence: {card.licence or 'not known'}")
    if accepted:
        return
    if not sys.stdin.isatty():
        raise UserError("Read the licence above; --accept-licence accepts it without a terminal.")
    if not typer.confirm("Do you accept the licence?"):
        raise UserError("The licence was not accepted: nothing is downloaded.")


def _print(reports: list[Findings], absent: list[tuple[str, str]]) -> None:
    rows: list[tuple[str, str, str, str, str]] = []
    for report in reports:
        rows += [
            (report.dataset, found.severity, found.check, found.message, _first(found.examples)) for found in report.by_severity()
        ]
        if not report.findings:
            rows.append((report.dataset, "", "", f"{report.images} images, nothing found", ""))
    rows += [(name, "", "absent", reason, "") for name, reason in absent]
    print_grid(("dataset", "severity", "check", "what", "first"), rows)


def _first(examples: tuple[str, ...]) -> str:
    return "\n".join([*map(printable, examples[:EXAMPLES]), *(["..."] if len(examples) > EXAMPLES else [])])
