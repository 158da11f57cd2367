"""What all phantoms are drawn with: coordinates, smooth noise, soft shapes, stamps and branching vessels.

Everything is float64: results of the same seed differ between processors in the last bits only, which do not show in
8-bit pixels, so that a phantom is the same image everywhere.
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np

SIZE = 128
Field = np.ndarray

_AXIS = (np.arange(SIZE) + 0.5) / SIZE * 2 - 1
X, Y = np.broadcast_to(_AXIS, (SIZE, SIZE)), np.broadcast_to(_AXIS[:, None], (SIZE, SIZE))
PIXEL = 2 / SIZE
# Standard deviation along one axis of a cubic B-spline with unit normal coefficients (mean over positions).
_SPLINE_DEVIATION = np.sqrt(151 / 315)


class Drawing(NamedTuple):
    """Pixels in [0, 1], (SIZE, SIZE) or (SIZE, SIZE, 3), and the lesion, (SIZE, SIZE) bool."""

    pixels: Field
    lesion: Field


@cache
def _spline(cells: int) -> Field:
    """(SIZE, cells + 3) weights of the cubic B-splines on `cells` equal cells."""
    position = (np.arange(SIZE) + 0.5) / SIZE * cells
    cell = position.astype(int)
    t = position - cell
    weights = np.zeros((SIZE, cells + 3))
    parts = ((1 - t) ** 3, 3 * t**3 - 6 * t**2 + 4, -3 * t**3 + 3 * t**2 + 3 * t + 1, t**3)
    for offset, part in enumerate(parts):
        weights[np.arange(SIZE), cell + offset] = part / 6
    return weights


def smooth_noise(rng: np.random.Generator, cells: int) -> Field:
    """(SIZE, SIZE) noise of mean 0 and deviation 1, smooth below the width of a cell (SIZE / cells pixels)."""
    weights = _spline(cells)
    return weights @ rng.standard_normal((cells + 3, cells + 3)) @ weights.T / _SPLINE_DEVIATION**2


def smooth_line(rng: np.random.Generator, cells: int) -> Field:
    """(SIZE,) noise of mean 0 and deviation 1, smooth below the width of a cell."""
    return _spline(cells) @ rng.standard_normal(cells + 3) / _SPLINE_DEVIATION


def turned(x: float, y: float, angle: float) -> tuple[Field, Field]:
    """Coordinates of all pixels in a frame with its origin at (x, y), turned by `angle` (radians)."""
    dx, dy = X - x, Y - y
    cos, sin = np.cos(angle), np.sin(angle)
    return dx * cos + dy * sin, dy * cos - dx * sin


def oval(x: float, y: float, rx: float, ry: float, angle: float = 0.0, power: float = 2.0) -> Field:
    """0 in the centre, 1 on the outline, growing outwards; `power` above 2 is more like a box."""
    u, v = turned(x, y, angle)
    if power == 2:
        return np.sqrt((u / rx) ** 2 + (v / ry) ** 2)
    return (np.abs(u / rx) ** power + np.abs(v / ry) ** power) ** (1 / power)


def inside(distance: Field, softness: float) -> Field:
    """1 where `distance` (of `oval`) is below 1, 0 outside, with a linear edge of width `softness`."""
    return np.clip(0.5 + (1 - distance) / softness, 0, 1)


def bump(distance: Field) -> Field:
    """A bell of height 1 and unit width."""
    return np.exp(-0.5 * distance**2)


def stamp(field: Field, points: Field, reach: int) -> None:
    """Raise `field` to soft ellipses. `points`: (N, 5 or 6) of x, y, rx, ry (pixels), angle and height (1 if absent)."""
    x, y, rx, ry, angle = points[:, :5].T[:, :, None, None]
    height = points[:, 5][:, None, None] if points.shape[1] > 5 else 1.0
    offsets = np.arange(-reach, reach + 1)
    column, row = np.floor(x).astype(int) + offsets, np.floor(y).astype(int) + offsets[:, None]
    dx, dy = column + 0.5 - x, row + 0.5 - y
    cos, sin = np.cos(angle), np.sin(angle)
    distance = np.sqrt(((dx * cos + dy * sin) / rx) ** 2 + ((dy * cos - dx * sin) / ry) ** 2)
    value = np.clip((1 - distance) * np.minimum(rx, ry) + 0.5, 0, 1) * height
    visible = (column >= 0) & (column < SIZE) & (row >= 0) & (row < SIZE)
    np.maximum.at(field.reshape(-1), (row * SIZE + column)[visible], value[visible])


def vessels(rng: np.random.Generator, x: float, y: float, angle: float, radius: float, length: float) -> Field:
    """A branching tree as points for `stamp`: it starts at pixel (x, y), forks, thins and ends below a radius of 0.45."""
    points: list[tuple[float, float, float, float, float]] = []
    branches = [(x, y, angle, radius, length)]
    while branches:
        x, y, angle, radius, length = branches.pop()
        for turn in rng.normal(0, 0.12, max(2, int(length))):
            angle += turn
            x, y = x + np.cos(angle), y + np.sin(angle)
            points.append((x, y, radius, radius, 0.0))
        if radius * 0.72 > 0.45:
            fork = rng.uniform(0.3, 0.6, 2)
            shorter = length * rng.uniform(0.65, 0.95, 2)
            branches.append((x, y, angle + fork[0], radius * 0.8, shorter[0]))
            branches.append((x, y, angle - fork[1], radius * 0.72, shorter[1]))
    return np.array(points)


def signed(rng: np.random.Generator, low: float, high: float, up: float = 0.5) -> float:
    """A contrast between `low` and `high`, positive with probability `up`."""
    return float(rng.uniform(low, high) * (1 if rng.random() < up else -1))


def place(rng: np.random.Generator, allowed: Field) -> tuple[float, float]:
    """A random place (x, y in [-1, 1]) among the pixels where `allowed`; the middle where there is none."""
    rows, columns = np.nonzero(allowed)
    if not len(rows):
        return 0.0, 0.0
    choice = rng.integers(len(rows))
    return float(_AXIS[columns[choice]]), float(_AXIS[rows[choice]])
