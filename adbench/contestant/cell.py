"""One cell in a contestant's process: its orders, one after the other, until the referee hangs up."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import torch

from adbench.contestant.asking import AskedWeights, AskingSource, Line
from adbench.contestant.brief import Brief
from adbench.contestant.contestant import Contestant, without_gradients
from adbench.contestant.telling import ToldProgress, tell_error, tell_prediction, tell_state
from adbench.contestant.wire import Closed
from adbench.contracts.detector import Prediction

FIRST_ORDER = 1
MOST_ALONE = 2  # predictions for a single image: one is right, two are wrong already


def serve(connection: socket.socket, scratch: Path) -> None:
    """Carry out what the referee orders. Returns when it hangs up; an error of the detector is sent, and the next order comes.

    Args:
        scratch: an empty folder for the detector.
    """
    line = Line(connection)
    try:
        try:
            brief: Brief = line.order()
        except Closed:
            raise
        except Exception as error:  # a module that is not found here
            tell_error(line, FIRST_ORDER, error)
            return
        if torch.get_num_threads() != brief.threads:  # it decides the order of sums, and so the last bits of a score
            torch.set_num_threads(brief.threads)
        sources = [AskingSource(line, view) for view in ("granted", "tested")]
        cell = Contestant(brief, sources[0], sources[1], AskedWeights(line), scratch, ToldProgress(line))
        _Orders(line, cell).carry_out()
    except Closed:
        pass


class _Orders:
    """Each method is an order; what it sends carries the order's number."""

    def __init__(self, line: Line, cell: Contestant) -> None:
        self._line, self._cell = line, cell
        self._number = 0

    def carry_out(self) -> None:
        """Until the referee hangs up."""
        while True:
            self._number, name = self._line.order()
            try:
                getattr(self, name)()
            except Closed:
                raise
            except Exception as error:
                tell_error(self._line, self._number, error)

    def enter(self) -> None:
        self._cell.__enter__()
        self._done()

    def fit(self) -> None:
        self._cell.fit()
        self._done()

    def predict(self) -> None:
        with without_gradients("predict"):
            self._tell(self._cell.predict())
        self._done()

    def checkpoints(self) -> None:
        with without_gradients("checkpoints"):
            for predictions in self._cell.checkpoints():
                self._part(predictions)
        self._done()

    def again(self) -> None:
        with without_gradients("again"):
            for predictions in self._cell.again():
                self._part(one for one, _ in zip(predictions, range(MOST_ALONE), strict=False))
        self._done()

    def state(self) -> None:
        tell_state(self._line, self._number, self._cell.state())

    def peak_memory_mb(self) -> None:
        self._done(value=self._cell.peak_memory_mb())

    def costs(self) -> None:
        self._done(value=self._cell.costs())

    def gflop_per_image(self) -> None:
        self._done(value=self._cell.gflop_per_image())

    def _part(self, predictions: Iterable[Prediction]) -> None:
        self._line.tell("part", order=self._number)
        self._tell(predictions)
        self._line.tell("part ends", order=self._number)

    def _tell(self, predictions: Iterable[Prediction]) -> None:
        for prediction in predictions:
            tell_prediction(self._line, self._number, prediction)

    def _done(self, **values: Any) -> None:
        self._line.tell("done", [np.empty(0, np.uint8)], order=self._number, **values)


def leave(code: int) -> None:
    """End this process without what a detector left to be done at the end."""
    import sys

    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError, AttributeError):  # a detector may have closed or replaced it
            continue
    os._exit(code)
