"""Images that are unlike the others of their set in how they were stored: depth, values, size, orientation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from adbench.data.reading import ImageFacts, Place
from adbench.errors import UserError
from adbench.files import raster
from adbench.files.formats import format_of, reading

FAR = 8  # times the usual span of values; clean copies of brain, chest and tissue differ by less than 3
SIZES_DIFFER = 2  # times the height or the width


@dataclass(frozen=True)
class Header:
    """How an image file is stored: with more than 8 bits a value, and turned when it is shown."""

    deep: bool
    turned: bool


def read_header(path: Path) -> Header | None:
    """Of a picture; None of volumes and other formats, and of what cannot be read."""
    if format_of(path) is not raster:
        return None
    try:
        with reading(path, "image"):
            return Header(raster.is_deep(path), raster.is_turned(path))
    except UserError:
        return None


def odd_depths(headers: Mapping[Place, Header]) -> list[Place]:
    """Of a set with files of 8 and of more bits, those of the rarer kind."""
    deep = [place for place, header in headers.items() if header.deep]
    flat = [place for place, header in headers.items() if not header.deep]
    return min(deep, flat, key=len)


def odd_spans(seen: Mapping[Place, ImageFacts]) -> list[Place]:
    """Images whose values lie much closer together, or further apart, than those of most; of one colour they are blank."""
    spans = {place: facts.span for place, facts in seen.items() if not facts.blank}
    usual = median(spans.values()) if spans else 0
    return [place for place, span in spans.items() if span * FAR < usual or span > usual * FAR]


def odd_sizes(seen: Mapping[Place, ImageFacts]) -> list[Place]:
    """The smallest and the largest image, where their heights or widths differ a lot."""
    for side in (0, 1):
        ordered = sorted(seen, key=lambda place: seen[place].shape[side])
        if ordered and seen[ordered[-1]].shape[side] > SIZES_DIFFER * seen[ordered[0]].shape[side]:
            return [ordered[0], ordered[-1]]
    return []
