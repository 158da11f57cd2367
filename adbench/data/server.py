"""Serves pixels and masks from threads that alone know where images come from.

A detector holds a `QueueSource`. Behind it is only a queue: datasets, items and paths live in the frame of a thread,
so that walking the objects that a detector was given ends before any label. This guards against leaks by accident,
not against a program that inspects the interpreter.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import Future
from functools import partial
from queue import SimpleQueue
from typing import Literal, Self

import numpy as np

from adbench.contracts.images import Interpolation, Size
from adbench.data.maskmemory import MaskMemory
from adbench.data.pixelstore import Entry
from adbench.data.rowserver import RowServer
from adbench.errors import UserError

Kind = Literal["pixels", "masks"]
# The real message names a file, and its folder is a label: the referee reports it, the detector does not see it.
NOT_SERVED = "An image or mask of this set cannot be served; the cell's record says which."


class Decoder:
    """Serves the pixels (and, where granted, the masks) of a list of entries from a thread of its own.

    Args:
        masks: whether they are granted.
        memory: where masks are kept; None = an own one.
    """

    def __init__(self, entries: Sequence[Entry], masks: bool, memory: MaskMemory | None = None) -> None:
        self._queue: SimpleQueue[tuple[Kind, Sequence[int], Size, Interpolation, Future[np.ndarray]] | None]
        self._queue = SimpleQueue()
        self.failures: list[Exception] = []
        granted = (memory or MaskMemory()) if masks else None
        serve = partial(_serve, self._queue, list(entries), granted, self.failures)
        self._thread = threading.Thread(target=serve, name="adbench-decoder", daemon=True)
        self._thread.start()

    def source(self) -> QueueSource:
        """What a detector may hold."""
        return QueueSource(self._queue)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self._queue.put(None)
        self._thread.join()


class QueueSource:
    """A pixel source that asks a decoder."""

    def __init__(self, queue: SimpleQueue) -> None:
        self._queue = queue

    def pixels(self, rows: Sequence[int], size: Size, interpolation: Interpolation) -> np.ndarray:
        """(len(rows), 3, H, W) uint8."""
        return self._ask("pixels", rows, size, interpolation)

    def masks(self, rows: Sequence[int], size: Size) -> np.ndarray:
        """(len(rows), H, W) bool."""
        return self._ask("masks", rows, size, "nearest")

    def _ask(self, kind: Kind, rows: Sequence[int], size: Size, interpolation: Interpolation) -> np.ndarray:
        answer: Future[np.ndarray] = Future()
        self._queue.put((kind, tuple(rows), size, interpolation, answer))
        return answer.result()


def _serve(queue: SimpleQueue, entries: list[Entry], masks: MaskMemory | None, failures: list[Exception]) -> None:
    with RowServer(entries, masks) as server:
        while (request := queue.get()) is not None:
            kind, rows, size, interpolation, answer = request
            try:
                found = server.pixels(rows, size, interpolation) if kind == "pixels" else server.masks(rows, size)
                answer.set_result(found)
            except Exception as error:
                failures.append(error)
                answer.set_exception(UserError(NOT_SERVED))
