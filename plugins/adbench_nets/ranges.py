"""Min-max by a given range."""

from __future__ import annotations

from torch import Tensor

FLAT = 1e-12


def scaled(values: Tensor, limits: tuple[float, float] | None) -> Tensor:
    """(v - low) / (high - low), not clipped; a constant range only subtracts `low`."""
    if limits is None:
        return values
    low, high = limits
    return (values - low) / (high - low) if high - low > FLAT else values - low
