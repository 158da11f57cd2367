"""What the slices of a volume of masks hold, remembered until the file changes."""

from __future__ import annotations

import json
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np

from adbench.errors import UserError
from adbench.files.formats import format_of, reading
from adbench.files.pictures import READER_VERSION, frames
from adbench.files.stamps import facts_of

MOST_LABELS = 64  # more are not labels, but grey values


class Marks(NamedTuple):
    """A volume of masks.

    Attributes:
        slices: the labels in each slice, sorted, without 0.
    """

    slices: tuple[tuple[float, ...], ...]

    def marked(self, values: frozenset[int]) -> tuple[bool, ...]:
        """Which slices hold one of these values; any but 0 if there are none."""
        return tuple(bool(values.intersection(labels) if values else labels) for labels in self.slices)

    @property
    def labels(self) -> frozenset[float]:
        """All labels of the volume."""
        return frozenset(label for labels in self.slices for label in labels)


def marks_of(paths: Iterable[Path], axis: int) -> dict[Path, Marks]:
    """What each volume of masks marks. Files of a single picture, and those that cannot be read, are left out.

    Args:
        axis: along which the slices lie, 0 to 2.
    """
    facts = facts_of(f"labels along {axis}, reader {READER_VERSION}", paths, partial(_measure, axis=axis))
    return {path: Marks(tuple(map(tuple, json.loads(fact)))) for path, fact in facts.items()}


def _measure(path: Path, axis: int) -> str | None:
    try:
        count = frames(path, axis)
        if count is None:
            return None
        with reading(path, "mask"):
            found = [np.unique(format_of(path).labels(path, number, axis).values) for number in range(count)]
    except UserError:
        return None
    return json.dumps([[value for value in labels[:MOST_LABELS].tolist() if value != 0] for labels in found])
