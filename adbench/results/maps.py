"""The anomaly maps that a run keeps on request: `maps.npz` next to a cell's scores."""

from __future__ import annotations

import lzma
import math
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from adbench.errors import UserError
from adbench.files.untrusted import open_regular

FILE = "maps.npz"
LARGEST = 2.0**15  # of a float16's 65504
SAMPLED = 1 << 20  # values from which the middle is found
OWN = 3  # parts of the path that must be no links: cells, the cell's folder, the file
# Name to kind of number and number of axes.
ARRAYS = {"ids": ("U", 1), "maps": ("f", 3), "offset": ("f", 0), "scale": ("f", 0)}
LATER = ("offset", "scale")  # files of older versions lack these
# A file that unpacks to more than so many times its size is a trap; less is harmless. A method that gives the same map for
# every image can get there on a large set, and its maps are worth nothing.
HARMLESS, RATIO = 1 << 28, 100
DAMAGES = (
    OSError,
    EOFError,
    ValueError,
    KeyError,
    TypeError,
    RuntimeError,
    MemoryError,
    OverflowError,
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
)


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
        with open_regular(file, own=OWN) as stream, zipfile.ZipFile(stream) as kept:
            arrays = {name: _array(kept, name) for name in ARRAYS if name not in LATER or f"{name}.npy" in kept.namelist()}
    except FileNotFoundError:
        return None
    except DAMAGES as error:
        raise unreadable_maps(folder) from error
    ids, maps = [str(name) for name in arrays["ids"]], arrays["maps"]
    offset, scale = float(arrays.get("offset", 0.0)), float(arrays.get("scale", 1.0))
    whole = maps.size and len(ids) == len(set(ids)) == len(maps)
    if not whole or not (np.isfinite(maps).all() and np.isfinite(offset) and 0 < scale < np.inf):
        raise unreadable_maps(folder)
    return MapTable(ids, maps, offset, scale)


def _array(kept: zipfile.ZipFile, name: str) -> np.ndarray:
    """An array of the file. What its header claims is checked before room is made for it. Raises what is in `DAMAGES`."""
    kind, dimensions = ARRAYS[name]
    info = kept.getinfo(f"{name}.npy")
    if info.file_size > max(HARMLESS, RATIO * info.compress_size):
        raise ValueError(f"{name} would unpack to {info.file_size} bytes")
    with kept.open(info) as stream:
        version = npy.read_magic(stream)
        header = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}[version]
        try:
            shape, by_columns, dtype = header(stream)
        except Exception as error:  # numpy has Python's parsers look at it, which raise this and that
            raise ValueError(f"the header of {name} is broken") from error
        # numpy multiplies in 64 bits, where a product of sides can be small again.
        size = math.prod(shape) * dtype.itemsize
        if dtype.kind != kind or (kind == "f" and dimensions and dtype != np.float16) or len(shape) != dimensions:
            raise ValueError(f"{name} has the type {dtype} and the shape {shape}")
        if size > info.file_size:
            raise ValueError(f"{name} claims {size} bytes of {info.file_size}")
        content = stream.read(size)
    return np.frombuffer(content, dtype).reshape(shape, order="F" if by_columns else "C")


def unreadable_maps(folder: Path) -> UserError:
    """What a user can do about maps in a cell's folder that are broken or belong to something else."""
    return UserError(f"{folder / FILE} cannot be read: delete that folder and run with --keep maps to measure the cell again.")
