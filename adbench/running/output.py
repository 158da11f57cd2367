"""What a contestant prints: passed on to stderr, and its last lines kept."""

from __future__ import annotations

import os
import sys
import threading
from collections import deque

KEPT_LINES = 50
LONGEST_LINE = 4000
JOIN_SECONDS = 2


class Output:
    """Reads a pipe in a thread until nobody writes any more.

    Args:
        pipe: descriptor, open for reading; closed at the end.
    """

    def __init__(self, pipe: int) -> None:
        self._pipe = pipe
        self._lines: deque[str] = deque(maxlen=KEPT_LINES)
        self._thread = threading.Thread(target=self._pass_on, name="adbench-output", daemon=True)
        self._thread.start()

    def tail(self) -> str:
        """The last lines so far; complete once the process has ended."""
        self._thread.join(JOIN_SECONDS)
        return "\n".join(list(self._lines))

    def _pass_on(self) -> None:
        rest = b""
        while chunk := os.read(self._pipe, 1 << 16):
            *whole, rest = (rest + chunk).split(b"\n")
            for line in whole:
                self._take(line)
            while len(rest) > LONGEST_LINE:
                self._take(rest[:LONGEST_LINE])
                rest = rest[LONGEST_LINE:]
        if rest:
            self._take(rest)
        os.close(self._pipe)

    def _take(self, line: bytes) -> None:
        text = line.decode("utf-8", "replace")
        self._lines.append(text[:LONGEST_LINE])
        try:
            print(text, file=sys.stderr, flush=True)
        except (OSError, ValueError):  # stderr is full or closed: the contestant must not be held up
            return
