"""How long a cell takes, by the referee's clock; what else it costs is measured in `adbench.contestant.costs`."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any


class Stopwatch:
    """Seconds of `fit` and `predict`, once timed."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    def timed(self, what: str, call: Callable[..., Any], *arguments: Any) -> Any:
        """Call, and record how long it took."""
        start = time.perf_counter()
        result = call(*arguments)
        self.seconds[what] = round(time.perf_counter() - start, 3)
        return result

    def rate(self, images: int | None) -> dict[str, float]:
        """`images_per_second` of `predict`: reading and resizing, inference, and resizing of the maps.

        Absent where no time passed, and for None: if `predict` did more than score each image once.
        """
        if not images or not self.seconds.get("predict"):
            return {}
        return {"images_per_second": round(images / self.seconds["predict"], 3)}
