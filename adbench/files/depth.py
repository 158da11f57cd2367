"""What values image files of more than 8 bits hold, remembered until a file changes."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from adbench.errors import UserError
from adbench.files.formats import format_of, reading
from adbench.files.pictures import READER_VERSION, finite, is_whole
from adbench.files.stamps import facts_of
from adbench.files.windows import PERCENTILES

KIND = f"values, reader {READER_VERSION}"
# What is remembered of a file whose pixels are shown as they are.
PLAIN = ""
# Of each picture so many values are looked at for its percentiles, evenly spread.
SAMPLE = 1 << 14
# The axis along which a volume is gone through, where any would do.
ANY_AXIS = 2


@dataclass(frozen=True)
class Depth:
    """The finite values of a file, of all its pictures.

    Attributes:
        low: the lowest.
        high: the highest.
        darkest: about 0.5 % are lower.
        brightest: about 0.5 % are higher.
        whole: all are whole numbers.
    """

    low: float
    high: float
    darkest: float
    brightest: float
    whole: bool


def depths(paths: Iterable[Path]) -> dict[Path, Depth | None]:
    """What each file holds; None where its pixels are 8 bits, which are shown as they are.

    Files of 8 bits are known by their headers; others are decoded, the first time. Those that cannot be read are left out:
    who uses them will say so.
    """
    facts = facts_of(KIND, paths, _measure)
    return {path: Depth(**json.loads(fact)) if fact != PLAIN else None for path, fact in facts.items()}


def _measure(path: Path) -> str | None:
    try:
        with reading(path, "image"):
            return _depth_of(path) if format_of(path).is_deep(path) else PLAIN
    except UserError:
        return None


def _depth_of(path: Path) -> str | None:
    lows, highs, sample, whole = [], [], [], True
    for values in _pictures(path):
        present = finite(values)
        if present.size:
            lows.append(float(present.min()))
            highs.append(float(present.max()))
            whole = whole and is_whole(present)
            sample.append(present[:: max(len(present) // SAMPLE, 1)])
    if not sample:
        return None
    darkest, brightest = np.percentile(np.concatenate(sample), PERCENTILES)
    return json.dumps(asdict(Depth(min(lows), max(highs), float(darkest), float(brightest), whole)))


def _pictures(path: Path) -> Iterator[np.ndarray]:
    """All pictures of a file."""
    reader = format_of(path)
    count = reader.frames(path, ANY_AXIS)
    for frame in range(count) if count else (None,):
        yield reader.stored(path, frame, ANY_AXIS).values
