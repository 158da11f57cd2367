"""The two streams of the command, made so that no failure to print is an error of what is printed."""

from __future__ import annotations

import codecs
import io
import os
import select
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TextIO

# What a codec that lacks a sign shows instead; anything else becomes a question mark.
PLAIN = {"\u2013": "-", "\u2014": "-", "\u2212": "-", "±": "+-", "×": "x", "→": "->", "…": "...", "\u00a0": " "}
REPLACE = "adbench-plain"


class Outcome:
    """What became of stdout: `lost` is why not all of it could be written, or ""."""

    def __init__(self) -> None:
        self.lost = ""


@contextmanager
def lasting_streams() -> Iterator[Outcome]:
    """Within, whatever prints to stdout or stderr never fails: what cannot be written is dropped, and `lost` says why.

    A reader that has gone (`| head`) had what it wanted: nothing counts as lost. Signs that the encoding lacks are replaced.
    Streams without a file below them, as tests put there, stay as they are.
    """
    codecs.register_error(REPLACE, _plain)
    outcome = Outcome()
    before = sys.stdout, sys.stderr
    closed = _occupied()
    if sys.stdout is None or 1 in closed:
        outcome.lost = "it is closed"
    sys.stdout = _lasting(sys.stdout, outcome) if sys.stdout else _nowhere()
    sys.stderr = _lasting(sys.stderr, Outcome()) if sys.stderr else _nowhere()
    try:
        yield outcome
    finally:
        for stream, original in zip((sys.stdout, sys.stderr), before, strict=True):
            if stream is not original:
                stream.flush()
        sys.stdout, sys.stderr = before


def _occupied() -> set[int]:
    """Put the null device at 0, 1 and 2 where they are closed, or the next file that is opened would get what is printed."""
    closed = set()
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:
            closed.add(number)
            os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free
    return closed


def _lasting(stream: TextIO, outcome: Outcome) -> TextIO:
    below = getattr(stream, "buffer", None)
    unbuffered = isinstance(below, io.RawIOBase)  # as PYTHONUNBUFFERED has it
    raw = below if unbuffered else getattr(below, "raw", None)
    if raw is None:
        return stream
    stream.flush()
    text = io.TextIOWrapper(
        io.BufferedWriter(_Lasting(raw, outcome)),
        encoding=stream.encoding,
        errors=REPLACE,
        line_buffering=bool(stream.line_buffering) or unbuffered or stream is sys.stderr,
    )
    text.mode = "w"  # type: ignore[misc]  # of sys.stdout, and asked for by some
    return text


def _nowhere() -> TextIO:
    return io.TextIOWrapper(io.BufferedWriter(_Nowhere()), encoding="utf-8", errors=REPLACE)


class _Nowhere(io.RawIOBase):
    def writable(self) -> bool:
        return True

    def write(self, content: Any) -> int:
        return len(content)


class _Lasting(_Nowhere):
    """Writes to a raw stream until that fails, then nowhere."""

    def __init__(self, raw: io.RawIOBase, outcome: Outcome) -> None:
        self._raw, self._outcome, self._ended = raw, outcome, False

    def write(self, content: Any) -> int:
        if self._ended:
            return len(content)
        try:
            # A terminal that another program made non-blocking takes nothing for a while.
            while (written := self._raw.write(content)) is None:
                select.select([], [self._raw], [])
            return written
        except BrokenPipeError:
            self._ended = True
        except OSError as error:
            self._ended = True
            self._outcome.lost = error.strerror or str(error)
        return len(content)

    def isatty(self) -> bool:
        return self._raw.isatty()

    def fileno(self) -> int:
        return self._raw.fileno()


def _plain(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "".join(PLAIN.get(sign, "?") for sign in error.object[error.start : error.end]), error.end
