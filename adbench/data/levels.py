"""Which values are shown as black and as white: found over a whole set, so that equal values look equal in all its images."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import NamedTuple

import numpy as np

from adbench.contracts.dataset import Reading
from adbench.errors import UserError
from adbench.files.depth import Depth, depths
from adbench.files.grey import FEW_LEVELS, Range, grey_levels, range_for
from adbench.files.pictures import finite, read_stored, says_window
from adbench.files.stamps import facts_of
from adbench.files.windows import PERCENTILE, PERCENTILES, VOI, window_range
from adbench.words import counted

# The histogram that percentiles are taken from; exact for whole numbers that span no more.
BINS = 1 << 16
# Values this low are those of CT: lungs and air, in Hounsfield units.
AIR = -500


class Picture(NamedTuple):
    """An image file, or one of the pictures in it."""

    path: Path
    frame: int | None


@dataclass(frozen=True)
class Levels:
    """How the images of more than 8 bits of a set are shown.

    Attributes:
        range: the values that become black and white; None where each file says so itself (`voi`).
        left: how many grey levels are left between the darkest and the brightest 0.5 % of a typical file.
        deep: how many files hold more than 8 bits.
        plain: how many files hold 8 bits, which are shown as they are.
        values: the lowest and the highest value of all deep files.
        usual: the values between which all but the darkest and the brightest 0.5 % of a typical file lie.
        window: as the user gave it, or "".
    """

    range: Range | None
    left: int
    deep: int
    plain: int
    values: Range
    usual: Range
    window: str = ""

    def warnings(self) -> list[str]:
        """What a user should know of it."""
        said = []
        if self.plain:
            said.append(
                f"{counted(self.plain, 'image file')} of 8 bits, which are shown as they are, and {self.deep} of more, which are "
                f"shown {self.shown()}: save all alike if they are of one kind."
            )
        if self.range is None:
            return said
        if self.left < FEW_LEVELS:
            low, high = self.usual
            example = f"{math.floor(low)}:{math.ceil(high)}" if high - low >= FEW_LEVELS else f"{low:g}:{high:g}"
            said.append(
                f"{counted(self.left, 'grey level')} of 256 left in a typical image, shown {self.shown()}: "
                f"give --range LOW:HIGH, e.g. {example}, or --window percentile."
            )
        if self.values[0] <= AIR and not self.window:
            said.append(
                f"The values look like CT in Hounsfield units, and are shown {self.shown()}: "
                "--window lung, brain, liver, bone or mediastinum shows a tissue better."
            )
        return said

    def shown(self) -> str:
        """Which values become black and white, in words."""
        return "as each file says" if self.range is None else f"from {self.range[0]:g} to {self.range[1]:g}"


def levels_in_use(
    pictures: Iterable[Picture], normals: Sequence[Picture], reading: Reading, own: frozenset[Path] = frozenset()
) -> Levels | None:
    """How the images of a set are shown; None where all are of 8 bits. What a file holds is found once, and remembered.

    The user's range or window decides; else `adbench.files.grey.range_for` over the values of all files.

    Args:
        pictures: all images of all splits.
        normals: those of the training normals, which `percentile` looks at: no other image may move it.
        reading: what the user said.
        own: files whose images have a range of their own, which move nothing.

    Raises:
        UserError: there is no such window, a file does not say its own (`voi`), or there are no training normals of more than 8
            bits to take percentiles of.
    """
    found = depths(dict.fromkeys(picture.path for picture in pictures))
    every = [depth for depth in found.values() if depth]
    if not every:
        return None
    if reading.window == VOI:
        _check_windows([path for path, depth in found.items() if depth and path not in own])
    deciding = [depth for path, depth in found.items() if depth and path not in own] or every
    low, high = min(depth.low for depth in deciding), max(depth.high for depth in deciding)
    shown = _shown(deciding, [picture for picture in normals if found.get(picture.path)], reading, (low, high))
    return Levels(
        range=None if shown is None else (float(shown[0]), float(shown[1])),
        left=256 if shown is None else int(median(_left(depth, shown) for depth in deciding)),
        deep=len(every),
        plain=len(found) - len(every),
        values=(low, high),
        usual=(median(depth.darkest for depth in deciding), median(depth.brightest for depth in deciding)),
        window=reading.window,
    )


def _left(depth: Depth, shown: Range) -> int:
    return grey_levels((depth.darkest, depth.brightest), shown, depth.whole)


def _shown(deep: Sequence[Depth], normals: Sequence[Picture], reading: Reading, values: Range) -> Range | None:
    if reading.value_range is not None:
        return reading.value_range
    if reading.window == VOI:
        return None
    if reading.window == PERCENTILE:
        return _percentiles(normals, reading.axis)
    if reading.window:
        return window_range(reading.window)
    return range_for(*values, whole=all(depth.whole for depth in deep))


def _check_windows(deep: Sequence[Path]) -> None:
    says = facts_of("says its window", deep, lambda path: str(says_window(path)))
    if silent := [path for path, said in says.items() if said != str(True)]:
        who = f"{silent[0]} and {len(silent) - 1} more do" if len(silent) > 1 else f"{silent[0]} does"
        raise UserError(f"{who} not say how to be shown: give --window CENTRE:WIDTH or a name instead of voi.")


def _percentiles(normals: Sequence[Picture], axis: int) -> Range:
    """The two percentiles of all values of the training normals together, remembered beside the first file of them."""
    if not normals:
        raise UserError("--window percentile needs training normals of more than 8 bits: give --range LOW:HIGH instead.")
    from adbench.files.hashes import content_hashes

    contents = content_hashes(picture.path for picture in normals)
    named = sorted((contents[picture.path], -1 if picture.frame is None else picture.frame) for picture in normals)
    digest = hashlib.sha256(json.dumps([axis, *named]).encode()).hexdigest()
    first = normals[0].path
    fact = facts_of(f"percentiles of {digest}", [first], lambda path: json.dumps(_counted(normals, axis)))[first]
    low, high = json.loads(fact)
    return (low, high) if low < high else (low, low + 1)


def _counted(normals: Sequence[Picture], axis: int) -> Range:
    """Two readings: the values need not fit the memory."""
    bounds = [(depth.low, depth.high) for depth in depths({picture.path for picture in normals}).values() if depth]
    low, high = min(bound[0] for bound in bounds), max(bound[1] for bound in bounds)
    width = max((high - low) / (BINS - 1), 1.0 if all(map(float.is_integer, (low, high))) else 0.0) or 1.0
    counts = np.zeros(BINS, np.int64)
    for path, frame in normals:
        places = (finite(read_stored(path, frame, axis).values).astype(np.float64) - low) / width
        counts += np.bincount(np.rint(places).astype(np.int64), minlength=BINS)
    running = np.cumsum(counts)
    # Of n values in order, the one at the rank that numpy's percentile takes, without interpolation between two.
    ranks = [round(share / 100 * (int(running[-1]) - 1)) + 1 for share in PERCENTILES]
    black, white = (low + width * int(np.searchsorted(running, rank)) for rank in ranks)
    return black, white
