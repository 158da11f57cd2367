"""`adbench report RUN... -o FILE`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

NAME = "report"


def command(
    runs: Annotated[list[Path] | None, typer.Argument(help="Run folders; adbench-run by default.")] = None,
    out: Annotated[Path, typer.Option("--out", "-o", help="The HTML file to write.")] = Path("report.html"),
    data_root: Annotated[
        Path | None, typer.Option(envvar="ADBENCH_DATA", help="Folder with the sets, for galleries of their images.")
    ] = None,
    images: Annotated[bool, typer.Option(help="Include images of the test sets.")] = True,
) -> None:
    """Write one HTML page about one or more runs. Tables, charts, galleries, provenance; needs no network."""
    from adbench.cli.console import fail_if_unreadable, read_runs, registry_with_warnings, tell
    from adbench.errors import UserError
    from adbench.planning.options import DEFAULT_OUT
    from adbench.report.build import build_report

    read = read_runs(runs or [DEFAULT_OUT])
    page = build_report(read, registry_with_warnings() if images else None, data_root)
    try:
        out.write_text(page, encoding="utf-8")
    except OSError as error:
        raise UserError(f"Cannot write the report {out}: {error.strerror or error}. Give another file with -o.") from error
    tell(f"{out}: {len(page.encode()) / 1e6:.1f} MB")
    fail_if_unreadable(read)
