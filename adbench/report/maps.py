"""The anomaly maps that a run kept on request."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from adbench.errors import UserError
from adbench.results import maps

NOT_KEPT = "not kept"
LOW, HIGH = 0.5, 0.995
SAMPLED = 2_000_000  # values used to find the colour range


@dataclass(frozen=True)
class KeptMaps:
    """Some maps of the test set of one cell.

    Attributes:
        values: id to (h, w) float16 as kept, see `adbench.results.maps.MapTable`: one scale within a cell, higher = more anomalous.
        low, high: range of the colours: the median and the 99.5 % quantile over the whole test set.
    """

    values: dict[str, NDArray[np.float16]]
    low: float
    high: float


def read_maps(cell: Path, wanted: Sequence[str]) -> KeptMaps | str:
    """The maps of the wanted images in a cell's folder, or why there are none, in a few words.

    Only these stay in memory: a whole test set is large.
    """
    try:
        table = maps.read_maps(cell)
    except UserError:
        return "cannot be read"
    if table is None:
        return NOT_KEPT
    sample = table.maps.reshape(-1)[:: max(table.maps.size // SAMPLED, 1)].astype(np.float32)
    sample = sample[np.isfinite(sample)]
    low, high = (float(end) for end in np.quantile(sample, [LOW, HIGH])) if sample.size else (0.0, 1.0)
    rows = {name: row for row, name in enumerate(table.ids)}
    return KeptMaps({name: table.maps[rows[name]].copy() for name in wanted if name in rows}, low, high)
