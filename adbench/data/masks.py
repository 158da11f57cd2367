"""What can be wrong with the mask of an abnormal image."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from adbench.contracts.dataset import Dataset
from adbench.data.reading import Place
from adbench.errors import UserError


@dataclass(frozen=True)
class MaskFault:
    """What is wrong with a mask, by kind and in a sentence that names the image or the file."""

    kind: Literal["lacking", "unusable", "empty"]
    sentence: str


def mask_fault(dataset: Dataset, place: Place, shape: tuple[int, ...]) -> MaskFault | None:
    """What is wrong with the mask of this abnormal image of height and width `shape`; None where it is right.

    `lacking`: there is none. `unusable`: unreadable, of another size, not two-valued. `empty`: it marks no pixel.
    """
    try:
        mask = dataset.mask(*place)
    except UserError as error:
        # A set on disk names the file of the mask, and raises where there is none.
        return MaskFault("lacking" if place.item.path and not place.item.masks else "unusable", str(error))
    if mask is None:
        return MaskFault("lacking", f"the abnormal image {place} has no mask")
    if not isinstance(mask, np.ndarray) or mask.dtype != bool:
        return MaskFault("unusable", f"the mask of {place} is not an array of bool")
    if mask.shape != shape:
        return MaskFault("unusable", f"the mask of {place} is {mask.shape}, its image {shape}")
    return None if mask.any() else MaskFault("empty", f"the mask of {place} marks no pixel")
