"""`adbench suites`."""

from __future__ import annotations

from adbench.cli.console import print_grid

NAME = "suites"


def command() -> None:
    """List the suites that come with adbench; `adbench run --suite NAME` runs one."""
    from adbench.options import read_suite, suite_files

    rows = []
    for name in suite_files():
        suite = read_suite(name)
        methods = dict.fromkeys(method for block in suite["grid"] for method in block["methods"])
        rows.append((name, suite.get("title", ""), ", ".join(methods)))
    print_grid(("suite", "what", "methods"), rows)
