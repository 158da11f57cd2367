"""What a contestant tells its referee: predictions, state, progress, errors."""

from __future__ import annotations

import time
import traceback
from collections.abc import Iterable, Iterator, Sized
from itertools import count
from typing import Any

import numpy as np
import torch

from adbench.contestant.asking import Line
from adbench.contestant.wire import TYPES
from adbench.contracts.detector import Prediction
from adbench.errors import UserError

LONGEST_TEXT = 100_000
QUIET_SECONDS = 0.1


def tell_prediction(line: Line, number: int, prediction: Prediction) -> None:
    """Send scores and maps as they are: raw values, checked by the referee."""
    given = {name: getattr(prediction, name) for name in ("scores", "maps")}
    arrays = {name: _array(value, name) for name, value in given.items() if value is not None}
    line.tell("prediction", list(arrays.values()), order=number, has=list(arrays))


def tell_state(line: Line, number: int, state: dict[str, torch.Tensor]) -> None:
    """Send tensors as the bytes of a safetensors file."""
    from safetensors.torch import save

    content = save({name: value.cpu().contiguous() for name, value in state.items()}) if state else b""
    line.tell("done", [np.frombuffer(content, np.uint8)], order=number)


def tell_error(line: Line, number: int, error: Exception) -> None:
    """Send what a detector raised."""
    line.tell(
        "error",
        order=number,
        type=type(error).__name__,
        message=_clean(str(error))[:LONGEST_TEXT],
        is_user_error=isinstance(error, UserError),
        is_out_of_memory=isinstance(error, MemoryError | torch.OutOfMemoryError),
        traceback=_clean("".join(traceback.format_exception(error)))[-LONGEST_TEXT:],
    )


class ToldProgress:
    """A detector's progress, seen by the referee: `for batch in progress(batches, "fit")`."""

    def __init__(self, line: Line) -> None:
        self._line = line
        self._bars = count()

    def __call__(self, iterable: Iterable[Any], description: str) -> Iterator[Any]:
        """The same items; at most ten messages a second."""
        bar = next(self._bars)
        total = len(iterable) if isinstance(iterable, Sized) else None
        self._line.tell("bar", bar=bar, description=_clean(str(description))[:200], total=total)
        last, done = time.monotonic(), 0
        try:
            for item in iterable:
                yield item
                done += 1
                if (now := time.monotonic()) - last >= QUIET_SECONDS:
                    self._line.tell("advance", bar=bar, done=done)
                    last = now
        finally:
            self._line.tell("end", bar=bar, done=done)


def _array(values: Any, what: str) -> np.ndarray:
    tensor = torch.as_tensor(values).detach()
    if tensor.dtype == torch.bfloat16:
        tensor = tensor.float()  # numpy has no such type; each value stays what it is
    if str(tensor.dtype).removeprefix("torch.") not in TYPES:
        raise UserError(f"The detector gave {what} of type {tensor.dtype}, not floating point.")
    return tensor.cpu().contiguous().numpy()


def _clean(text: str) -> str:
    """Text that JSON can hold, lone surrogates and all."""
    return text.encode("utf-8", "replace").decode()
