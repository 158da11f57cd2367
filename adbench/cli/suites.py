"""`adbench suites`."""

from __future__ import annotations

from typing import Annotated

import typer

from adbench.cli.console import print_grid, print_json, registry_with_warnings, say_warning
from adbench.errors import UserError

NAME = "suites"


def command(as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """List the suites from plugins. `adbench run --suite NAME` runs one."""
    from adbench.planning.suites import read_suite

    registry = registry_with_warnings()
    suites = {}
    for name in registry.suites:
        try:
            suites[name] = read_suite(name, registry)
        except UserError as error:
            say_warning(f"{error} It is of {registry.origins[f'suite {name}']}.")
    if as_json:
        print_json([{"name": name, **suite} for name, suite in suites.items()])
        return
    rows = []
    for name, suite in suites.items():
        methods = dict.fromkeys(method for block in suite["grid"] for method in block["methods"])
        rows.append((name, suite.get("title", ""), ", ".join(methods)))
    print_grid(("suite", "what", "methods"), rows)
