"""What a contestant reports or suffers, as exceptions of the referee."""

from __future__ import annotations

import signal

MEANINGS = {
    signal.SIGSEGV: "a segmentation fault",
    signal.SIGBUS: "a bus error",
    signal.SIGABRT: "it aborted",
    signal.SIGILL: "an illegal instruction",
    signal.SIGFPE: "an arithmetic fault",
    signal.SIGKILL: "memory may have run out",
}


class ContestantFailed(Exception):
    """A detector's own exception, in its process.

    Attributes:
        kind: name of its type.
        details: its traceback.
        is_user_error: it was a `UserError`.
        is_out_of_memory: memory ran out.
    """

    def __init__(
        self, kind: str, message: str, details: str, is_user_error: bool = False, is_out_of_memory: bool = False
    ) -> None:
        super().__init__(message)
        self.kind, self.details = kind, details
        self.is_user_error, self.is_out_of_memory = is_user_error, is_out_of_memory


class ContestantDied(Exception):
    """A contestant's process ended, or had to be ended, before its cell was measured; says how in one sentence.

    Attributes:
        details: the last lines that it printed.
    """

    kind = "ContestantDied"

    def __init__(self, sentence: str, details: str = "") -> None:
        super().__init__(sentence)
        self.details = details


def name_of(error: BaseException) -> str:
    """The name of its type, of a detector's own exception that of the latter."""
    return error.kind if isinstance(error, ContestantFailed) else type(error).__name__


def ending(code: int | None) -> str:
    """How a process ended, in words that follow its name; `code` as of `subprocess`, None = nobody knows."""
    if code is None:
        return "was lost"
    if code >= 0:
        return f"left with exit code {code}"
    number = -code
    if number not in set(signal.Signals):
        return f"was ended by signal {number}"
    meaning = MEANINGS.get(signal.Signals(number))
    return f"was ended by {signal.Signals(number).name}{f' ({meaning})' if meaning else ''}"
