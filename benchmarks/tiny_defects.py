"""Local defects for scenes of the procedural world, with their masks, and the final processing of every image."""

from __future__ import annotations

import numpy as np
from numpy.random import Generator
from scipy import ndimage

from tiny_world import COLUMNS, ROWS, SIDE, inside, noise, soft

VISIBLE = 0.05
TRIES = 6


def blob(rng: Generator, foreground: np.ndarray, largest: float = 0.45) -> np.ndarray:
    """(SIDE, SIDE) opacity of one blob of random size, shape and edge, centred in the foreground."""
    row, column = _spot(rng, foreground)
    radius = np.exp(rng.uniform(np.log(0.09), np.log(largest)))
    radii = (radius, max(0.06, radius * rng.uniform(0.5, 1.0)))
    return soft(inside(rng, (ROWS[row, 0], COLUMNS[0, column]), radii, rng.uniform(0, 3), 0.2), rng.uniform(0.1, 1.0))


def bright(rng: Generator, image: np.ndarray, foreground: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A lighter blob, even or textured."""
    opacity = blob(rng, foreground)
    rise = rng.uniform(0.1, 0.5) * (1 + rng.uniform(0, 0.4) * noise(rng, 1.0))
    return image + (opacity * rise)[..., None], opacity


def dark(rng: Generator, image: np.ndarray, foreground: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A darker blob."""
    opacity = blob(rng, foreground)
    return image * (1 - opacity * rng.uniform(0.15, 0.9))[..., None], opacity


def rough(rng: Generator, image: np.ndarray, foreground: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Another texture mixed in."""
    opacity = blob(rng, foreground)
    field = rng.uniform(0.05, 0.2) * noise(rng, rng.uniform(0.2, 1.5), rng.uniform(2, 15))
    return image + (opacity * field)[..., None], opacity


def faded(rng: Generator, image: np.ndarray, foreground: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Texture and edges washed out."""
    opacity = blob(rng, foreground)[..., None]
    sigma = rng.uniform(2.5, 8)
    return image + opacity * (ndimage.gaussian_filter(image, (sigma, sigma, 0)) - image), opacity[..., 0]


def missing(rng: Generator, image: np.ndarray, foreground: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A part replaced by one even colour, often that of the surroundings."""
    opacity = blob(rng, foreground)
    outside = image[~foreground]
    colour = outside.mean(0) if len(outside) and rng.random() < 0.6 else image[_spot(rng, foreground)]
    return image + opacity[..., None] * (colour - image), opacity


def scratch(rng: Generator, image: np.ndarray, foreground: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A thin bent line."""
    row, column = _spot(rng, foreground)
    angle, length, bend = rng.uniform(0, 3.14), rng.uniform(0.2, 0.7), rng.normal(0, 0.6)
    down, right = ROWS - ROWS[row, 0], COLUMNS - COLUMNS[0, column]
    along, across = down * np.cos(angle) + right * np.sin(angle), right * np.cos(angle) - down * np.sin(angle)
    width = rng.uniform(0.02, 0.06)
    line = soft(width - np.abs(across - bend * along**2), 0.02) * (np.abs(along) < length)
    change = rng.uniform(0.12, 0.6) * rng.choice([-1, 1]) * rng.uniform(0.5, 1.0, 3 if rng.random() < 0.3 else 1)
    return image + line[..., None] * change, line


def spots(rng: Generator, image: np.ndarray, foreground: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A handful of small dots near each other."""
    row, column = _spot(rng, foreground)
    spread, opacity = rng.uniform(0.08, 0.25), np.zeros((SIDE, SIDE), np.float32)
    for _ in range(rng.integers(3, 10)):
        centre = (ROWS[row, 0] + rng.normal(0, spread), COLUMNS[0, column] + rng.normal(0, spread))
        dot = rng.uniform(0.03, 0.08) - np.hypot(ROWS - centre[0], COLUMNS - centre[1])
        opacity = np.maximum(opacity, soft(dot, 0.03))
    return image + (opacity * rng.uniform(0.12, 0.6) * rng.choice([-1, 1]))[..., None], opacity


def misplaced(rng: Generator, image: np.ndarray, foreground: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A piece of the image, rotated, in another place."""
    opacity = blob(rng, foreground)
    moved = np.rot90(np.roll(image, tuple(rng.integers(SIDE // 6, SIDE * 5 // 6, 2)), (0, 1)), rng.integers(0, 4))
    return image + opacity[..., None] * (moved - image), opacity


def stained(rng: Generator, image: np.ndarray, foreground: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A tint on coloured images, a change of contrast on grey ones."""
    opacity = blob(rng, foreground)
    if np.ptp(image, axis=-1).max() > 0.02:
        return image + opacity[..., None] * rng.normal(0, 0.15, 3), opacity
    middle = image[opacity > 0.3].mean() if (opacity > 0.3).any() else 0.5
    return image + opacity[..., None] * (image - middle) * rng.choice([-0.8, 1.0, 2.0]), opacity


def warped(rng: Generator, image: np.ndarray, foreground: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Pixels pushed aside: edges bulge, stripes bend."""
    opacity = blob(rng, foreground, 0.55)
    row, column = np.unravel_index(opacity.argmax(), opacity.shape)
    shift = opacity * rng.uniform(4, 10)
    if rng.random() < 0.5:
        angle = rng.uniform(0, 6.28)
        down, right = np.cos(angle) * shift, np.sin(angle) * shift
    else:
        pull = opacity * rng.choice([-0.9, 0.6])
        pixels = np.arange(SIDE, dtype=np.float32)
        down, right = pull * (pixels[:, None] - row), pull * (pixels[None] - column)
    rows, columns = np.mgrid[0:SIDE, 0:SIDE]
    where = (rows + down, columns + right)
    moved = np.stack([ndimage.map_coordinates(image[..., c], where, order=1, mode="nearest") for c in range(3)], -1)
    return moved, opacity


def crowded(rng: Generator, image: np.ndarray, foreground: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The pattern at another scale: magnified or shrunk within the blob."""
    opacity = blob(rng, foreground, 0.55)
    zoom = rng.choice([0.5, 0.6, 1.7, 2.2])
    row, column = np.unravel_index(opacity.argmax(), opacity.shape)
    rows = np.round(row + (np.arange(SIDE) - row) / zoom).astype(int) % SIDE
    columns = np.round(column + (np.arange(SIDE) - column) / zoom).astype(int) % SIDE
    return image + opacity[..., None] * (image[rows][:, columns] - image), opacity


DEFECTS = (bright, dark, rough, faded, missing, scratch, spots, misplaced, stained, warped, crowded)
KINDS = tuple(defect.__name__ for defect in DEFECTS)


def spoil(rng: Generator, image: np.ndarray, foreground: np.ndarray, strength: float = 1.0) -> tuple[np.ndarray, np.ndarray, int]:
    """Put one defect into a scene, redrawn until visible, and multiply its effect by `strength`.

    Returns:
        The image, its mask (SIDE, SIDE) bool and the number of the kind in `KINDS`.
    """
    for _ in range(TRIES):
        kind = int(rng.integers(len(DEFECTS)))
        spoiled, opacity = DEFECTS[kind](rng, image, foreground)
        spoiled = np.clip(image + strength * (spoiled - image), 0, 1).astype(np.float32)
        change = np.abs(spoiled - image).mean(-1)
        mask = (opacity > 0.3) & ndimage.binary_dilation(change > VISIBLE / 2, iterations=2)
        if mask.sum() >= 12 and change[mask].mean() > VISIBLE:
            return spoiled, mask, kind
    spoiled, opacity = bright(rng, image * 0.7, foreground)
    return np.clip(spoiled + opacity[..., None] * 0.2, 0, 1).astype(np.float32), opacity > 0.3, 0


def finish(rng: Generator, image: np.ndarray) -> np.ndarray:
    """Exposure and sensor noise, the same for flawless and spoiled images."""
    exposed = np.clip(image, 0, 1) ** rng.uniform(0.75, 1.35) * rng.uniform(0.85, 1.1)
    grain = rng.uniform(0, 0.03) * rng.standard_normal((SIDE, SIDE, 1), dtype=np.float32)
    return np.clip(exposed + grain, 0, 1).astype(np.float32)


def _spot(rng: Generator, foreground: np.ndarray) -> tuple[int, int]:
    places = np.flatnonzero(foreground)
    place = int(places[rng.integers(len(places))]) if len(places) else SIDE * SIDE // 2
    return place // SIDE, place % SIDE
