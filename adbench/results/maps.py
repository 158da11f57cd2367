"""The anomaly maps that a run keeps on request: `maps.npz` next to a cell's scores."""

from __future__ import annotations

import math
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray

from adbench.errors import UserError

FILE = "maps.npz"
LARGEST = 2.0**15  # of a float16's 65504
SAMPLED = 1 << 20  # values from which the middle is found


@dataclass(frozen=True)
class MapTable:
    """Maps of the test set of one cell, higher = more anomalous; the raw values are `offset + scale * maps`.

    A float16 has 11 significant bits and ends at 65504, while maps may be log-likelihoods in the millions or differ only
    in the sixth digit. So the middle of the values is moved to 0, where floats are densest, and a power of two scales the
    largest to fit. Values keep their order; two closer than 1/2048 of their distance to the middle may tie.

    Attributes:
        ids: (N,) names of the images in the dataset.
        maps: (N, h, w) float16.
        offset, scale: see above; the scale is positive.
    """

    ids: list[str]
    maps: NDArray[np.float16]
    offset: float = 0.0
    scale: float = 1.0


def as_half(ids: list[str], raw: NDArray) -> MapTable:
    """Pack raw maps, (N, h, w) finite floats, for keeping."""
    offset = float(np.median(raw.reshape(-1)[:: max(raw.size // SAMPLED, 1)])) if raw.size else 0.0
    reach = max((float(np.abs(one.astype(np.float64) - offset).max(initial=0)) for one in raw), default=0.0)
    scale = 2.0 ** math.ceil(math.log2(reach / LARGEST)) if reach else 1.0
    half = np.empty(raw.shape, np.float16)
    for kept, one in zip(half, raw, strict=True):
        kept[...] = (one.astype(np.float64) - offset) / scale
    return MapTable(ids, half, offset, scale)


def write_maps(stream: IO[bytes], table: MapTable) -> None:
    """Compressed, in numpy's format: arrays `ids`, `maps`, `offset` and `scale`."""
    np.savez_compressed(
        stream, ids=np.asarray(table.ids, str), maps=table.maps, offset=np.float64(table.offset), scale=np.float64(table.scale)
    )


def read_maps(folder: Path) -> MapTable | None:
    """The kept maps in a cell's folder; None if none were kept. Raises `UserError` if they cannot be read."""
    file = folder / FILE
    try:
        with file.open("rb") as stream, np.load(stream, allow_pickle=False) as kept:
            ids, maps = [str(name) for name in kept["ids"]], kept["maps"]
            offset, scale = (float(kept[name]) if name in kept else usual for name, usual in (("offset", 0.0), ("scale", 1.0)))
    except FileNotFoundError:
        return None
    except (OSError, EOFError, ValueError, KeyError, TypeError, zipfile.BadZipFile, zlib.error) as error:
        raise unreadable_maps(folder) from error
    whole = maps.ndim == 3 and maps.size and len(ids) == len(set(ids)) == len(maps)
    if not whole or maps.dtype != np.float16 or not (np.isfinite(maps).all() and np.isfinite(offset) and 0 < scale < np.inf):
        raise unreadable_maps(folder)
    return MapTable(ids, maps, offset, scale)


def unreadable_maps(folder: Path) -> UserError:
    """What a user can do about maps in a cell's folder that are broken or belong to something else."""
    return UserError(f"{folder / FILE} cannot be read: delete that folder and run with --keep maps to measure the cell again.")
