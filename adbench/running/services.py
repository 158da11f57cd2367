"""What a referee does for a contestant that asks: rows, masks, files of the pixel store, weights, progress."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from itertools import repeat
from typing import Any

import numpy as np

from adbench.contestant.wire import Garbled
from adbench.contracts.images import Interpolation, Size
from adbench.contracts.weights import Weights
from adbench.data.rowserver import RowServer
from adbench.data.server import NOT_SERVED
from adbench.errors import UserError

Progress = Callable[[Iterable[Any], str], Iterator[Any]]
Reply = Callable[[Any, str, list[int]], None]
"""Sends what was found, or why it is refused, and files."""

INTERPOLATIONS: tuple[Interpolation, ...] = ("nearest", "bilinear", "bicubic")
LARGEST_SIDE = 1 << 15
LARGEST_ASKED = 2 << 30
MOST_BARS = 1000


class Services:
    """Answers one contestant.

    Args:
        views: whose rows it may ask for.
        weights: where weights are found.
        progress: shows how far the detector is.
        reply: sends an answer.
    """

    def __init__(self, views: Mapping[str, RowServer], weights: Weights, progress: Progress, reply: Reply) -> None:
        self._views, self._weights, self._progress, self._reply = views, weights, progress, reply
        self._bars: dict[int, tuple[Iterator[Any], int]] = {}
        self.failures: list[Exception] = []

    def serve(self, body: dict[str, Any], arrays: list[np.ndarray]) -> bool:
        """Do what a message asks for; False where it is no request. Raises `Garbled` where it makes no sense."""
        known = {
            "pixels": self._pixels,
            "masks": self._masks,
            "table": self._table,
            "reads": self._reads,
            "weights": self._find,
            "bar": self._bar,
            "advance": self._advance,
            "end": self._advance,
        }
        service = known.get(str(body.get("kind")))
        if service is None:
            return False
        try:
            service(body, arrays)
        except (KeyError, TypeError, ValueError, IndexError, OverflowError) as error:
            raise Garbled(f"a request for {body.get('kind')} that makes no sense") from error
        return True

    def close(self) -> None:
        """Take away what shows progress."""
        for bar, _ in self._bars.values():
            _close(bar)
        self._bars.clear()

    def _pixels(self, body: dict[str, Any], arrays: list[np.ndarray]) -> None:
        server, rows, (size, interpolation) = self._views[body["view"]], _rows(arrays), _sort(body)
        _demand(3 * len(rows) * math.prod(size) <= LARGEST_ASKED)
        self._served(lambda: server.pixels(rows, size, interpolation))

    def _masks(self, body: dict[str, Any], arrays: list[np.ndarray]) -> None:
        server, rows, size = self._views[body["view"]], _rows(arrays), _size(body)
        _demand(len(rows) * math.prod(size) <= LARGEST_ASKED)
        self._served(lambda: server.masks(rows, size))

    def _served(self, read: Callable[[], np.ndarray]) -> None:
        try:
            found = read()
        except Exception as error:  # of a dataset, or a row that is not there
            self.failures.append(error)
            self._reply(None, NOT_SERVED, [])
        else:
            self._reply(found, "", [])

    def _table(self, body: dict[str, Any], _: list[np.ndarray]) -> None:
        server, (size, interpolation) = self._views[body["view"]], _sort(body)
        try:
            table = server.table(size, interpolation)
        except Exception as error:  # a dataset without a fingerprint, say
            self.failures.append(error)
            self._reply(None, NOT_SERVED, [])
            return
        files = [descriptor for pair in table.files for descriptor in pair] if table else []
        try:
            self._reply(table.places if table else None, "", files)
        finally:
            for descriptor in files:
                os.close(descriptor)

    def _reads(self, body: dict[str, Any], _: list[np.ndarray]) -> None:
        row, (size, interpolation) = int(body["row"]), _sort(body)
        _demand(row >= 0)
        self._views[body["view"]].read_ahead(row, size, interpolation)

    def _find(self, body: dict[str, Any], _: list[np.ndarray]) -> None:
        what, name = body["what"], str(body["name"])
        find: dict[str, Callable[[str], Any]] = {
            "path": lambda name: str(self._weights.path(name).absolute()),
            "sha256": self._weights.sha256,
            "card": self._weights.card,
        }
        _demand(what in find)
        try:
            found = find[what](name)
        except UserError as error:
            self._reply(None, str(error), [])
        except Exception as error:
            self._reply(None, f"The weights {name!r} cannot be found: {type(error).__name__}: {error}.", [])
        else:
            self._reply(found, "", [])

    def _bar(self, body: dict[str, Any], _: list[np.ndarray]) -> None:
        number, total = int(body["bar"]), body["total"]
        words = "".join(letter for letter in str(body["description"]) if letter.isprintable())
        items: Iterable[Any] = repeat(None) if total is None else range(int(total))
        _demand(len(self._bars) < MOST_BARS)
        bar = iter(self._progress(items, words))
        next(bar, None)
        self._bars[number] = (bar, 0)

    def _advance(self, body: dict[str, Any], _: list[np.ndarray]) -> None:
        number, done = int(body["bar"]), int(body["done"])
        if number not in self._bars:
            return
        bar, before = self._bars[number]
        _demand(done - before < 1 << 20)
        for _once in range(before, done):
            next(bar, None)
        self._bars[number] = (bar, done)
        if body["kind"] == "end":
            _close(bar)
            del self._bars[number]


def _close(bar: Iterator[Any]) -> None:
    """A generator ends where it stands; another iterator has nothing to end."""
    if isinstance(bar, Generator):
        bar.close()


def _rows(arrays: list[np.ndarray]) -> list[int]:
    rows: list[int] = arrays[0].astype(np.int64).reshape(-1).tolist()
    _demand(all(row >= 0 for row in rows))
    return rows


def _size(body: dict[str, Any]) -> Size:
    height, width = body["size"]
    _demand(all(type(side) is int and 0 < side <= LARGEST_SIDE for side in (height, width)))
    return height, width


def _sort(body: dict[str, Any]) -> tuple[Size, Interpolation]:
    _demand(body["interpolation"] in INTERPOLATIONS)
    return _size(body), body["interpolation"]


def _demand(right: bool) -> None:
    if not right:
        raise ValueError
