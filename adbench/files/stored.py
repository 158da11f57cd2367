"""What every format gives: the pixels of one picture as its file holds them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Protocol

import numpy as np


class Unreadable(Exception):
    """A file that is damaged, or no image: the reason in a few words."""


@dataclass(frozen=True)
class Stored:
    """One picture.

    Attributes:
        values: (H, W) grey or (H, W, 3) RGB. uint8 is grey or colour from 0 to 255, to be shown as it is; any other type holds
            values whose range must be known to show them.
        inverted: low values are white.
    """

    values: np.ndarray
    inverted: bool = False


class Rule(Enum):
    """How the values of a mask say what is anomalous."""

    TWO_VALUED = "0 and at most one other value"
    JPEG = "black and white, as far as JPEG keeps them apart"
    LABELS = "any value but 0, as in segmentations with several labels"


@dataclass(frozen=True)
class Labels:
    """A mask as its file holds it: (H, W) values and what they mean."""

    values: np.ndarray
    rule: Rule = Rule.TWO_VALUED


class Format(Protocol):
    """What a module that reads a format has. `frame` is from 0; None where a file holds one picture.

    Each function raises `Unreadable` or `OSError` where the file is missing or damaged, and `UserError` where it is whole, but
    cannot be used.
    """

    def frames(self, path: Path, axis: int) -> int | None:
        """How many pictures the file holds, from its header; None where it is one."""

    def size(self, path: Path, frame: int | None, axis: int) -> tuple[int, int]:
        """(H, W) of a picture."""

    def is_deep(self, path: Path) -> bool:
        """Whether the values are others than 0 to 255, from the header."""

    def stored(self, path: Path, frame: int | None, axis: int) -> Stored:
        """A picture."""

    def labels(self, path: Path, frame: int | None, axis: int) -> Labels:
        """A mask."""

    def check(self, path: Path) -> None:
        """Raises where the file is not whole; as cheaply as can be."""
