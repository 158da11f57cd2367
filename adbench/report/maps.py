"""The anomaly maps that a run kept on request."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

FILE = "maps.npz"
LOW, HIGH = 0.5, 0.995
SAMPLED = 2_000_000  # values that the colour range is found from


@dataclass(frozen=True)
class KeptMaps:
    """Some maps of the test set of one cell.

    Attributes:
        values: id to (h, w) float16, raw, higher = more anomalous.
        low, high: range of the colours: the median and the 99.5 % quantile over the whole test set.
    """

    values: dict[str, NDArray[np.float16]]
    low: float
    high: float


def read_maps(cell: Path, wanted: Sequence[str]) -> KeptMaps | str:
    """The maps of the wanted images from `maps.npz` of a cell folder, or why there are none, in a few words.

    The file holds `ids` (N,) and `maps` (N, h, w). A whole test set is large: only what is wanted stays in memory.
    """
    try:
        with (cell / FILE).open("rb") as stream, np.load(stream, allow_pickle=False) as kept:
            ids, values = [str(name) for name in kept["ids"]], kept["maps"]
    except FileNotFoundError:
        return "not kept"
    except (OSError, EOFError, ValueError, KeyError, TypeError, zipfile.BadZipFile, zlib.error):
        return "cannot be read"
    if values.ndim != 3 or len(ids) != len(values) or not values.size:
        return "cannot be read"
    sample = values.reshape(-1)[:: max(values.size // SAMPLED, 1)].astype(np.float32)
    sample = sample[np.isfinite(sample)]
    low, high = (float(end) for end in np.quantile(sample, [LOW, HIGH])) if sample.size else (0.0, 1.0)
    rows = {name: row for row, name in enumerate(ids)}
    return KeptMaps({name: values[rows[name]].copy() for name in wanted if name in rows}, low, high)
