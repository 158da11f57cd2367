"""The referee of one contestant: sends its orders, serves what it asks for, and takes only numbers and arrays from it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Self

import numpy as np
import torch

from adbench.contestant.brief import Brief
from adbench.contestant.wire import Closed, Garbled, receive_answer, send_order
from adbench.contracts.detector import Prediction
from adbench.contracts.weights import Weights
from adbench.data.rowserver import RowServer
from adbench.errors import UserError
from adbench.running.births import GRACE_SECONDS, Births
from adbench.running.failures import ContestantDied, ContestantFailed, ending
from adbench.running.services import Progress, Services
from adbench.running.watch import Watch

COSTS = ("trainable_parameters", "gpu_memory_mb")
Message = tuple[dict[str, Any], list[np.ndarray]]


class Referee:
    """A contestant in a process of its own, as `adbench.contestant.contestant.Contest`.

    What its detector raises is raised here as `ContestantFailed`; its end, whatever the cause, as `ContestantDied`.

    Args:
        births: starts its process.
        brief: what it is told.
        views: `granted` and `tested`, the rows that it may ask for.
        weights: finds named weights.
        progress: shows how far the detector is.
        watch: is asked while it is waited for.
    """

    def __init__(
        self, births: Births, brief: Brief, views: Mapping[str, RowServer], weights: Weights, progress: Progress, watch: Watch
    ) -> None:
        self._births, self._brief, self._watch = births, brief, watch
        self._services = Services(views, weights, progress, lambda found, refusal, files: self._send((found, refusal), files))
        self._number = 0

    @property
    def failures(self) -> list[Exception]:
        """Why images could not be served."""
        return self._services.failures

    def __enter__(self) -> Self:
        self._entrant = self._births.start()
        try:
            try:
                self._send(self._brief)
            except ContestantDied:
                raise
            except Exception as error:
                raise UserError(
                    f"The cell cannot be sent to a process of its own ({' '.join(str(error).split())}): "
                    "run it with --executor inline."
                ) from error
            self._do("enter")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *exc: object) -> None:
        self._services.close()
        self._births.leave(self._entrant)

    def fit(self) -> None:
        """See `Contest`."""
        self._do("fit")

    def predict(self) -> Iterator[Prediction]:
        """See `Contest`."""
        for body, arrays in self._converse("predict"):
            if body["kind"] == "prediction":
                yield _prediction(body, arrays)

    def checkpoints(self) -> Iterator[Iterable[Prediction]]:
        """See `Contest`."""
        return self._parts("checkpoints")

    def again(self) -> Iterator[Iterable[Prediction]]:
        """See `Contest`."""
        return self._parts("again")

    def state(self) -> dict[str, torch.Tensor]:
        """See `Contest`."""
        from safetensors import SafetensorError
        from safetensors.torch import load

        _, arrays = self._do("state")
        content = arrays[0].tobytes() if arrays else b""
        try:
            return load(content) if content else {}
        except (SafetensorError, ValueError, KeyError) as error:
            raise self._died("The method's process sent a state that is no safetensors file.") from error

    def peak_memory_mb(self) -> float | None:
        """See `Contest`."""
        return _number(self._do("peak_memory_mb")[0].get("value"))

    def costs(self) -> dict[str, float]:
        """See `Contest`."""
        told = self._do("costs")[0].get("value")
        found = {name: _number(told.get(name)) for name in COSTS} if isinstance(told, dict) else {}
        return {name: value for name, value in found.items() if value is not None}

    def gflop_per_image(self) -> float | None:
        """See `Contest`."""
        return _number(self._do("gflop_per_image")[0].get("value"))

    def _parts(self, order: str) -> Iterator[Iterable[Prediction]]:
        messages = self._converse(order)
        for body, _ in messages:
            if body["kind"] == "part":
                yield _until_it_ends(messages)

    def _do(self, order: str) -> Message:
        *_, last = self._converse(order)
        return last

    def _converse(self, order: str) -> Iterator[Message]:
        """Send an order; what comes back until it is done. Whatever belongs to an earlier order is passed over."""
        self._number += 1
        number = self._number
        self._send((number, order))
        while True:
            body, arrays = self._receive()
            if body.get("order") != number:
                continue
            if body["kind"] == "error":
                raise _failed(body)
            yield body, arrays
            if body["kind"] == "done":
                return

    def _send(self, body: Any, files: list[int] | None = None) -> None:
        self._watch.process = self._entrant.process
        try:
            send_order(self._entrant.line, body, files or (), self._watch)
        except Closed:
            raise self._died() from None
        except ContestantDied as limit:
            raise self._died(str(limit)) from None

    def _receive(self) -> Message:
        """The next message that is no request; requests are served meanwhile."""
        while True:
            self._watch.process = self._entrant.process
            try:
                body, arrays = receive_answer(self._entrant.line, self._watch)
                self._watch.heard()
                if not self._services.serve(body, arrays):
                    if not isinstance(body.get("kind"), str):
                        raise Garbled("it says not of what kind it is")
                    return body, arrays
            except Closed:
                raise self._died() from None
            except Garbled as error:
                raise self._died(f"The method's process sent what adbench does not understand: {error}.") from None
            except ContestantDied as limit:
                raise self._died(str(limit)) from None

    def _died(self, why: str = "") -> ContestantDied:
        """The end of the contestant's process, which is brought about where it has not come by itself."""
        entrant = self._entrant
        by_itself = not why and entrant.ended.wait(GRACE_SECONDS)
        if not by_itself:
            self._births.end(entrant)
        if not why:
            way = ending(entrant.code) if by_itself else "closed its connection, and was ended,"
            why = f"The method's process {way} before the cell was measured."
        tail = entrant.output.tail()
        return ContestantDied(why, f"The last that it printed:\n{tail}\n" if tail else "")


def _until_it_ends(messages: Iterator[Message]) -> Iterator[Prediction]:
    for body, arrays in messages:
        if body["kind"] == "prediction":
            yield _prediction(body, arrays)
        else:
            return


def _prediction(body: dict[str, Any], arrays: list[np.ndarray]) -> Prediction:
    names = body.get("has")
    given = dict(zip(names, arrays, strict=False)) if isinstance(names, list) and all(type(n) is str for n in names) else {}
    return Prediction(given.get("scores"), given.get("maps"))


def _failed(body: dict[str, Any]) -> ContestantFailed:
    told = {name: str(body.get(name, "")) for name in ("type", "message", "traceback")}
    flags = [body.get(name) is True for name in ("is_user_error", "is_out_of_memory")]
    return ContestantFailed(told["type"], told["message"], told["traceback"], *flags)


def _number(value: Any) -> float | None:
    return value if isinstance(value, int | float) and math.isfinite(value) and value >= 0 else None
