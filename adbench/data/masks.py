"""What can be wrong with the mask of an abnormal image, and with the masks of a split."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Literal

import numpy as np

from adbench.contracts.dataset import Dataset
from adbench.data.reading import Place
from adbench.errors import UserError

# A lesion rarely fills half of an image; where most masks do, white probably stands for normal.
INVERTED = 0.5


@dataclass(frozen=True)
class MaskFault:
    """What is wrong with a mask, by kind and in a sentence that names the image or the file."""

    kind: Literal["lacking", "unusable", "empty"]
    sentence: str


@dataclass(frozen=True)
class MaskFacts:
    """A mask that was read.

    Attributes:
        fault: what is wrong with it; None where it is right.
        coverage: the share of the image that it marks; None where it cannot be used.
    """

    fault: MaskFault | None = None
    coverage: float | None = None


def look_at_mask(dataset: Dataset, place: Place, shape: tuple[int, ...] | None = None) -> MaskFacts:
    """Read the mask of an abnormal image.

    Faults are `lacking`: there is none; `unusable`: unreadable, of another size, not two-valued; `empty`: it marks no pixel.

    Args:
        shape: height and width of the image; None: not compared here, as a set on disk does so itself.
    """
    try:
        mask = dataset.mask(*place)
    except UserError as error:
        # A set on disk names the file of the mask, and raises where there is none.
        return _faulty("lacking" if place.item.path and not place.item.masks else "unusable", str(error))
    if mask is None:
        return _faulty("lacking", f"the abnormal image {place} has no mask")
    if not isinstance(mask, np.ndarray) or mask.dtype != bool:
        return _faulty("unusable", f"the mask of {place} is not an array of bool")
    if shape is not None and mask.shape != shape:
        return _faulty("unusable", f"the mask of {place} is {mask.shape}, its image {shape}")
    coverage = float(mask.mean())
    return MaskFacts(None if coverage else MaskFault("empty", f"the mask of {place} marks no pixel"), coverage)


def look_inverted(coverages: Sequence[float]) -> str:
    """A sentence where most masks of a split mark more than half of their image, else ""."""
    middle = median(coverages) if coverages else 0.0
    if middle <= INVERTED:
        return ""
    return (
        f"most masks mark more than half of the image ({middle:.0%} in the median): where white stands for normal, invert them."
    )


def _faulty(kind: Literal["lacking", "unusable"], sentence: str) -> MaskFacts:
    return MaskFacts(MaskFault(kind, sentence))
