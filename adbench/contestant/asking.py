"""What a contestant asks its referee for: pixels that are not kept yet, granted masks, weights."""

from __future__ import annotations

import socket
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from adbench.contestant.wire import receive_order, send_answer
from adbench.contracts.images import Interpolation, Size
from adbench.contracts.weights import WeightsCard
from adbench.errors import UserError
from adbench.files.rows import RowReader

if TYPE_CHECKING:
    import torch

LARGEST_ASKED = 256 << 20  # bytes of pixels at once


class Line:
    """The line to the referee; threads of a detector take turns."""

    def __init__(self, line: socket.socket) -> None:
        self._line = line
        self._turn = threading.RLock()

    def tell(self, kind: str, arrays: Sequence[np.ndarray] = (), **body: Any) -> None:
        """Send without an answer."""
        with self._turn:
            send_answer(self._line, {"kind": kind, **body}, arrays)

    def ask(self, kind: str, arrays: Sequence[np.ndarray] = (), **body: Any) -> tuple[Any, list[int]]:
        """Send, and return what comes back with its open files. Raises `UserError` where the referee refuses."""
        with self._turn:
            self.tell(kind, arrays, **body)
            (found, refusal), files = receive_order(self._line)
        if refusal:
            raise UserError(refusal)
        return found, files

    def order(self) -> Any:
        """The referee's next order."""
        return receive_order(self._line)[0]


@dataclass(frozen=True)
class _Kept:
    """Files of pixels of one size, and where in them each row is."""

    files: list[RowReader]
    places: np.ndarray


class AskingSource:
    """Pixels by row: read from the files of the pixel store, whose rows are ordered by a hash; others are asked for.

    Args:
        line: to the referee.
        view: `granted` or `tested`: whose rows they are.
    """

    def __init__(self, line: Line, view: str) -> None:
        self._line, self._view = line, view
        self._kept: dict[tuple[Size, Interpolation], _Kept | None] = {}

    def pixels(self, rows: Sequence[int], size: Size, interpolation: Interpolation) -> np.ndarray:
        """(len(rows), 3, H, W) uint8. Raises `UserError` where an image cannot be served."""
        wanted: dict[str, Any] = {"view": self._view, "size": list(size), "interpolation": interpolation}
        kept = self._files(size, interpolation, wanted) if len(rows) else None
        result = np.empty((len(rows), 3, *size), np.uint8)
        missing = [place for place, row in enumerate(rows) if not (kept and _read(kept, row, result[place]))]
        few = max(1, LARGEST_ASKED // (3 * size[0] * size[1]))
        for start in range(0, len(missing), few):
            part = missing[start : start + few]
            result[part] = self._line.ask("pixels", [np.array([rows[place] for place in part], np.int64)], **wanted)[0]
        if kept:
            self._line.tell("reads", row=int(max(rows)), **wanted)
        return result

    def masks(self, rows: Sequence[int], size: Size) -> np.ndarray:
        """(len(rows), H, W) bool. Raises `UserError` where masks are not granted."""
        found: np.ndarray = self._line.ask("masks", [np.array(rows, np.int64)], view=self._view, size=list(size))[0]
        return found

    def _files(self, size: Size, interpolation: Interpolation, wanted: dict[str, Any]) -> _Kept | None:
        if (size, interpolation) not in self._kept:
            places, files = self._line.ask("table", **wanted)
            if places is None:
                self._kept[size, interpolation] = None
            else:
                pairs = zip(files[::2], files[1::2], strict=True)
                readers = [RowReader(rows, marks, 3 * size[0] * size[1]) for rows, marks in pairs]
                self._kept[size, interpolation] = _Kept(readers, places)
        return self._kept[size, interpolation]


def _read(kept: _Kept, row: int, into: np.ndarray) -> bool:
    number, place = kept.places[row]
    try:
        return kept.files[number].read(int(place), into.data.cast("B"))
    except OSError:  # a detector may have closed it
        return False


class AskedWeights:
    """Named weights, as `adbench.contracts.weights.Weights` has them: the referee finds files, and they are read here."""

    def __init__(self, line: Line) -> None:
        self._line = line
        self._known: dict[tuple[str, str], Any] = {}

    def path(self, name: str) -> Path:
        """The verified local file."""
        return Path(self._asked("path", name))

    def sha256(self, name: str) -> str:
        """Hex digest of the file."""
        return str(self._asked("sha256", name))

    def card(self, name: str) -> WeightsCard:
        """What is known about these weights."""
        found: WeightsCard = self._asked("card", name)
        return found

    def state_dict(self, name: str, *, as_stored: bool = False) -> dict[str, torch.Tensor]:
        """Tensors on the CPU, in the file's own precision."""
        from adbench.files.tensors import read_state_dict

        path = self.path(name)
        try:
            return read_state_dict(path, as_stored=as_stored)
        except UserError as error:
            raise UserError(f"Weights {name!r}: {error}") from error

    def _asked(self, what: str, name: str) -> Any:
        if (what, name) not in self._known:
            self._known[what, name] = self._line.ask("weights", what=what, name=str(name))[0]
        return self._known[what, name]
