"""The one class for errors that a user can fix, and the exit codes of the command line."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from enum import IntEnum


class ExitCode(IntEnum):
    """What the `adbench` command returns to the shell."""

    OK = 0
    CELL_FAILED = 1
    CHECK_FAILED = 1
    USAGE = 2
    REGRESSION = 3
    OUTPUT_LOST = 4


class UserError(Exception):
    """Bad input, a missing file, an unusable device: one sentence that says what is wrong and how to fix it.

    Raised anywhere, also by plugins. The command line catches it in one place, prints it without a traceback and
    exits with `ExitCode.USAGE`. Inside a cell, that cell fails and the others continue.
    """


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return `" Did you mean 'x'?"` for the closest of `known`, else the list of all known names, else `""`."""
    names = sorted(known)
    close = difflib.get_close_matches(name, names, n=1, cutoff=0.6)
    if close:
        return f" Did you mean {close[0]!r}?"
    return f" Known: {', '.join(names)}." if names else ""
