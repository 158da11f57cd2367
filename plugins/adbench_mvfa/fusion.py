"""How the two branches become one score: min-max each, then their mean; ranges from the support or from the test set."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import Tensor

from adbench_nets import scaled

KINDS = ("text_map", "memory_map", "text_score", "memory_score")


@dataclass(frozen=True)
class Branches:
    """Raw scores of B images; None if a branch or a level of detail is not used.

    Attributes:
        text_map, memory_map: (B, H, W).
        text_score, memory_score: (B,), of the detection head.
    """

    text_map: Tensor | None = None
    memory_map: Tensor | None = None
    text_score: Tensor | None = None
    memory_score: Tensor | None = None


Ranges = dict[str, tuple[float, float]]


def widen(ranges: Ranges, branches: Branches) -> Ranges:
    """Ranges (lowest, highest) by kind, widened to include these images."""
    wider = dict(ranges)
    for kind in KINDS:
        values = getattr(branches, kind)
        if values is not None and values.numel():
            low, high = wider.get(kind, (float("inf"), float("-inf")))
            wider[kind] = (min(low, float(values.min())), max(high, float(values.max())))
    return wider


def learn_ranges(parts: Iterable[Branches]) -> Ranges:
    """The ranges over all these images."""
    ranges: Ranges = {}
    for part in parts:
        ranges = widen(ranges, part)
    return ranges


def fuse(first: Tensor | None, second: Tensor | None, ranges: Ranges, kinds: tuple[str, str]) -> Tensor | None:
    """0.5 scaled(first) + 0.5 scaled(second); if one is None, the other."""
    parts = [scaled(values, ranges.get(kind)) for values, kind in zip((first, second), kinds, strict=True) if values is not None]
    if not parts:
        return None
    return parts[0] if len(parts) == 1 else 0.5 * parts[0] + 0.5 * parts[1]


def fused_map(branches: Branches, ranges: Ranges) -> Tensor | None:
    """(B, H, W)."""
    return fuse(branches.text_map, branches.memory_map, ranges, ("text_map", "memory_map"))


def fused_score(branches: Branches, ranges: Ranges) -> Tensor | None:
    """(B,)."""
    return fuse(branches.text_score, branches.memory_score, ranges, ("text_score", "memory_score"))


def to_tensor(ranges: Ranges) -> Tensor:
    """(4, 2) float64, NaN where a kind has no range; for saving."""
    return torch.tensor([ranges.get(kind, (float("nan"),) * 2) for kind in KINDS], dtype=torch.float64)


def from_tensor(table: Tensor) -> Ranges:
    """The inverse of `to_tensor`."""
    rows = table.tolist()
    return {kind: (row[0], row[1]) for kind, row in zip(KINDS, rows, strict=True) if row[0] == row[0]}
