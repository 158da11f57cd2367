"""A procedural world of textures, parts and organ-like pictures, for training the embedded tiny weights.

It shares neither code nor images with the phantom sets used in demos. Every scene draws its own colours, scales and
layout, so two scenes of one name have only the words below in common.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from scipy import ndimage

SIDE = 112


@dataclass(frozen=True)
class Scene:
    """A flawless picture.

    Attributes:
        image: (SIDE, SIDE, 3) float32 in [0, 1].
        foreground: (SIDE, SIDE) bool, where a defect makes sense.
    """

    image: np.ndarray
    foreground: np.ndarray


def coordinates() -> tuple[np.ndarray, np.ndarray]:
    """Rows and columns of all pixels, (SIDE, SIDE) float32 each, in [-1, 1]."""
    axis = np.linspace(-1, 1, SIDE, dtype=np.float32)
    return axis[:, None].repeat(SIDE, 1), axis[None, :].repeat(SIDE, 0)


ROWS, COLUMNS = coordinates()
FREQUENCY = np.hypot(np.fft.fftfreq(SIDE)[:, None], np.fft.rfftfreq(SIDE)[None, :]).astype(np.float32) * SIDE


def noise(rng: Generator, slope: float, lowest: float = 0.0) -> np.ndarray:
    """(SIDE, SIDE) noise of mean 0 and deviation 1 whose amplitude falls as frequency to the power `-slope`."""
    spectrum = np.fft.rfft2(rng.standard_normal((SIDE, SIDE), dtype=np.float32))
    field = np.fft.irfft2(spectrum * np.maximum(FREQUENCY, 1.0) ** -slope * (lowest <= FREQUENCY), s=(SIDE, SIDE))
    return ((field - field.mean()) / (field.std() + 1e-6)).astype(np.float32)


def inside(
    rng: Generator, centre: tuple[float, float], radii: tuple[float, float], angle: float = 0.0, lobes: float = 0.08
) -> np.ndarray:
    """Height above the rim of a wobbly ellipse: 1 in the centre, 0 on the rim, negative outside."""
    row, column = ROWS - centre[0], COLUMNS - centre[1]
    along, across = row * np.cos(angle) + column * np.sin(angle), column * np.cos(angle) - row * np.sin(angle)
    turn = np.arctan2(along, across)
    rim = 1 + sum(lobes / k * rng.normal() * np.cos(k * turn + rng.uniform(0, 6.28)) for k in (2, 3, 4, 5))
    return (1 - np.hypot(along / radii[0], across / radii[1]) / rim).astype(np.float32)


def soft(height: np.ndarray, edge: float) -> np.ndarray:
    """A height above a rim as opacity, over a ramp of `edge`."""
    return np.clip(height / edge + 0.5, 0, 1)


def over(below: np.ndarray, above: np.ndarray | float, opacity: np.ndarray) -> np.ndarray:
    """`above` blended over `below`."""
    return below + opacity * (above - below)


def coloured(rng: Generator, value: np.ndarray, grey: float = 0.4) -> np.ndarray:
    """A field near [0, 1] mapped to a random palette of three colours, grey with probability `grey`."""
    if rng.random() < grey:
        return np.clip(value, 0, 1)[..., None].repeat(3, -1)
    stops = rng.uniform(0.1, 0.9, (3, 3)) * np.linspace(0.4, 1.2, 3)[:, None]
    levels = np.array([0.0, 0.5, 1.0])
    return np.stack([np.interp(value, levels, stops[:, channel]) for channel in range(3)], -1).clip(0, 1)


def layer(rng: Generator, mean: float, contrast: float) -> np.ndarray:
    """A field around `mean` with noise of a random spectrum."""
    return mean + contrast * noise(rng, rng.uniform(0.3, 2.0))


def brain(rng: Generator) -> Scene:
    """A bright folded ellipse with a rim and paired hollows, on black."""
    tilt, radii = rng.normal(0, 0.15), (rng.uniform(0.65, 0.9), rng.uniform(0.55, 0.8))
    centre = (rng.normal(0, 0.05), rng.normal(0, 0.05))
    body = inside(rng, centre, radii, tilt, 0.05)
    folds = np.abs(noise(rng, rng.uniform(1.2, 2.0), 3))
    value = layer(rng, rng.uniform(0.35, 0.6), 0.03) + rng.uniform(-0.12, 0.12) * folds
    value = over(value, rng.uniform(0.3, 0.9), soft(0.08 - body, 0.06) * rng.uniform(0.2, 0.9))
    for side in (-1, 1):
        hollow = inside(rng, (centre[0] + rng.normal(0, 0.05), centre[1] + side * rng.uniform(0.1, 0.2)),
                        (rng.uniform(0.12, 0.3), rng.uniform(0.05, 0.12)), tilt + side * 0.3)  # fmt: skip
        value = over(value, rng.uniform(0.05, 0.3), soft(hollow, 0.3))
    value = over(np.full_like(value, 0.02), value, soft(body, 0.05))
    return Scene(coloured(rng, value, 1.0), body > 0.05)


def organ(rng: Generator) -> Scene:
    """One smooth organ in a body with neighbours."""
    body = inside(rng, (0, 0), (rng.uniform(0.7, 0.95), rng.uniform(0.8, 1.0)), lobes=0.03)
    value = over(np.full((SIDE, SIDE), 0.03, np.float32), layer(rng, rng.uniform(0.2, 0.4), 0.03), soft(body, 0.04))
    for _ in range(rng.integers(1, 5)):
        other = inside(rng, tuple(rng.uniform(-0.6, 0.6, 2)), tuple(rng.uniform(0.08, 0.25, 2)), rng.uniform(0, 3))
        value = over(value, layer(rng, rng.uniform(0.1, 0.8), 0.02), soft(other, 0.15))
    part = inside(rng, (rng.normal(0, 0.1), rng.normal(0, 0.2)), (rng.uniform(0.35, 0.7), rng.uniform(0.35, 0.7)),
                  rng.uniform(0, 3), 0.12)  # fmt: skip
    value = over(value, layer(rng, rng.uniform(0.35, 0.7), rng.uniform(0.01, 0.05)), soft(part, 0.08))
    return Scene(coloured(rng, value, 1.0), part > 0.05)


def bands(rng: Generator) -> Scene:
    """Layers of different brightness along one curve, speckled, between dark zones."""
    course = rng.normal(0, 0.15) * COLUMNS + rng.normal(0, 0.2) * COLUMNS**2
    course = course + 0.03 * noise(rng, 3.0).mean(0)
    depth, top = ROWS - course, rng.uniform(-0.6, -0.1)
    edges = top + np.concatenate([[0.0], np.cumsum(rng.uniform(0.04, 0.25, rng.integers(4, 9)))])
    value = np.full((SIDE, SIDE), rng.uniform(0.02, 0.15), np.float32)
    dip = rng.uniform(0, 0.25) * np.exp(-(((COLUMNS - rng.normal(0, 0.15)) / rng.uniform(0.15, 0.3)) ** 2))
    for number, edge in enumerate(edges):
        shade = rng.uniform(0.05, 0.3) if number == len(edges) - 1 else rng.uniform(0.15, 0.9)
        fading = np.exp(-np.maximum(depth - edge, 0) * rng.uniform(0, 2)) if number == len(edges) - 1 else 1.0
        value = over(value, shade * fading, soft(depth - edge - dip * max(0.0, 1 - number / 3), 0.03))
    value = value * (1 + rng.uniform(0.05, 0.3) * noise(rng, rng.uniform(0, 0.6)))
    return Scene(coloured(rng, value, 1.0), (depth > edges[0] - 0.1) & (depth < edges[-1] + 0.2))


def chest(rng: Generator) -> Scene:
    """Two dark fields crossed by curved stripes, a bright middle."""
    value = rng.uniform(0.5, 0.75) + rng.uniform(-0.2, 0.2) * ROWS + 0.04 * noise(rng, 2.0)
    lungs = np.zeros((SIDE, SIDE), np.float32)
    for side in (-1, 1):
        lung = inside(rng, (rng.normal(0, 0.06), side * rng.uniform(0.38, 0.5)),
                      (rng.uniform(0.55, 0.75), rng.uniform(0.26, 0.38)), side * rng.uniform(0, 0.2), 0.05)  # fmt: skip
        lungs = np.maximum(lungs, soft(lung, 0.25))
    value = over(value, rng.uniform(0.1, 0.3) + 0.03 * noise(rng, 1.5), lungs)
    ribs = np.sin(rng.uniform(14, 24) * (ROWS + rng.uniform(0.2, 0.7) * COLUMNS**2) + rng.uniform(0, 6))
    value = value + rng.uniform(0.02, 0.1) * np.maximum(ribs, 0) * np.clip(1.2 - np.abs(COLUMNS), 0, 1)
    return Scene(coloured(rng, value, 1.0), lungs > 0.4)


def cells(rng: Generator, spacing: tuple[float, float] = (0.1, 0.22)) -> Scene:
    """Nuclei of one kind, scattered on a fibrous background."""
    pitch, size = rng.uniform(*spacing), rng.uniform(0.25, 0.42)
    ground = coloured(rng, layer(rng, 0.65, 0.08), 0.1) * 0.5 + 0.5 * rng.uniform(0.5, 1.0, 3)
    nucleus = rng.uniform(0.05, 0.6, 3)
    steps = np.arange(-1, 1 + pitch, pitch)
    rows, columns = (grid.ravel() + rng.normal(0, 0.25 * pitch, grid.size) for grid in np.meshgrid(steps, steps))
    marks = np.zeros((SIDE, SIDE), np.float32)
    kept = rng.random(rows.size) < rng.uniform(0.5, 1.0)
    pixels = ((np.stack([rows, columns])[:, kept] + 1) / 2 * (SIDE - 1)).round().astype(int).clip(0, SIDE - 1)
    marks[pixels[0], pixels[1]] = 1.0
    distance = ndimage.distance_transform_edt(marks == 0).astype(np.float32) / (SIDE / 2)
    opacity = soft(size * pitch * (1 + 0.25 * noise(rng, 1.5)) - distance, 0.03) * rng.uniform(0.5, 1.0)
    return Scene(over(ground, nucleus, opacity[..., None]).clip(0, 1), np.ones((SIDE, SIDE), bool))


def smear(rng: Generator) -> Scene:
    """Few large round bodies with a paler middle."""
    scene = cells(rng, (0.25, 0.4))
    return Scene(ndimage.gaussian_filter(scene.image, (1, 1, 0)), scene.foreground)


def texture(value: Callable[[Generator], np.ndarray]) -> Callable[[Generator], Scene]:
    """A scene filled by one field, in random colours."""

    def draw(rng: Generator) -> Scene:
        field = value(rng)
        middle, contrast = rng.uniform(0.35, 0.65), rng.uniform(0.05, 0.22)
        field = middle + contrast * (field - field.mean()) / (field.std() + 1e-6)
        return Scene(coloured(rng, field), np.ones((SIDE, SIDE), bool))

    return draw


def waves(rng: Generator, warp: float, count: tuple[float, float] = (4.0, 25.0)) -> np.ndarray:
    """Bent stripes."""
    angle = rng.uniform(0, 3.14)
    phase = (np.cos(angle) * ROWS + np.sin(angle) * COLUMNS) * rng.uniform(*count) * 3.14
    return np.sin(phase + warp * noise(rng, 2.5)) + rng.uniform(0, 0.4) * noise(rng, 1.0)


def weave(rng: Generator) -> np.ndarray:
    """Two crossing families of straight stripes."""
    angle, count = rng.uniform(0, 3.14), rng.uniform(15, 45)
    one = np.sin(count * (np.cos(angle) * ROWS + np.sin(angle) * COLUMNS))
    two = np.sin(count * rng.uniform(0.7, 1.3) * (np.cos(angle) * COLUMNS - np.sin(angle) * ROWS))
    return (one * two if rng.random() < 0.5 else np.maximum(one, two)) + rng.uniform(0, 0.3) * noise(rng, 0.5)


def lattice(rng: Generator) -> np.ndarray:
    """Evenly spaced thin bars."""
    angle, count, power = rng.uniform(0, 3.14), rng.uniform(10, 30), rng.integers(2, 12)
    one = np.abs(np.sin(count * (np.cos(angle) * ROWS + np.sin(angle) * COLUMNS))) ** power
    two = np.abs(np.sin(count * (np.cos(angle) * COLUMNS - np.sin(angle) * ROWS))) ** power
    return np.maximum(one, two) + 0.1 * noise(rng, 1.0)


def grains(rng: Generator) -> np.ndarray:
    """Patches around random seeds, each with its own shade, with seams."""
    count = rng.integers(30, 400)
    labels = np.zeros((SIDE, SIDE), int)
    labels[rng.integers(0, SIDE, count), rng.integers(0, SIDE, count)] = np.arange(1, count + 1)
    distance, nearest = ndimage.distance_transform_edt(labels == 0, return_indices=True)
    shade = rng.uniform(0, 1, count + 1)[labels[nearest[0], nearest[1]]]
    return rng.uniform(0, 1) * shade + rng.uniform(-0.2, 0.2) * distance / distance.mean()


def thresholded(rng: Generator) -> np.ndarray:
    """Islands of two shades."""
    return soft(noise(rng, rng.uniform(1.0, 2.2), 4), 0.4) + 0.1 * noise(rng, 1.0)


def part(rng: Generator, corners: int, hole: bool) -> Scene:
    """A machined part with a textured face on a plain background."""
    centre, size = rng.normal(0, 0.06, 2), rng.uniform(0.5, 0.85)
    ratio = rng.uniform(0.4, 1.0) if corners == 0 and not hole else 1.0
    angle = rng.uniform(0, 3.14)
    row, column = ROWS - centre[0], COLUMNS - centre[1]
    turn = np.arctan2(row, column) + angle
    body = inside(rng, tuple(centre), (size, size * ratio), angle, 0.0)
    if corners:
        body = 1 - np.hypot(row, column) / size * (1 + 0.12 * np.cos(corners * turn))
    value = layer(rng, rng.uniform(0.3, 0.8), rng.uniform(0.01, 0.08)) + rng.uniform(-0.3, 0.3) * body
    value = over(np.full_like(value, rng.uniform(0, 1)) + 0.02 * noise(rng, 1.0), value, soft(body, 0.05))
    middle = inside(rng, tuple(centre), (size * 0.4, size * 0.4), 0, 0.0)
    if hole:
        value = over(value, rng.uniform(0, 1), soft(middle, 0.1))
    return Scene(coloured(rng, value), (body > 0.05) & ~(hole & (middle > -0.1)))


OBJECTS: dict[str, Callable[[Generator], Scene]] = {
    "brain": brain,
    "liver": organ,
    "retinal oct": bands,
    "chest x-ray film": chest,
    "histopathological image": cells,
    "blood smear": smear,
    "sand": texture(lambda rng: noise(rng, rng.uniform(0, 0.8))),
    "cloud": texture(lambda rng: noise(rng, rng.uniform(1.0, 2.0))),
    "wood": texture(lambda rng: waves(rng, rng.uniform(1.5, 5.0))),
    "stripes": texture(lambda rng: waves(rng, rng.uniform(0, 0.5))),
    "fabric": texture(weave),
    "grid": texture(lattice),
    "tile": texture(grains),
    "leather": texture(thresholded),
    "capsule": lambda rng: part(rng, 0, False),
    "ring": lambda rng: part(rng, 0, True),
    "plate": lambda rng: part(rng, int(rng.integers(3, 6)), False),
    "gear": lambda rng: part(rng, int(rng.integers(8, 20)), True),
}
NAMES = tuple(OBJECTS)
ORGAN_LIKE = NAMES[:5]


def draw(name: str, rng: Generator) -> Scene:
    """A flawless scene of that name, lit unevenly and a little blurred."""
    scene = OBJECTS[name](rng)
    light = 1 + rng.uniform(0, 0.15) * noise(rng, 3.0)
    blur = rng.uniform(0, 0.9)
    image = ndimage.gaussian_filter(np.float32(scene.image) * light[..., None], (blur, blur, 0))
    return Scene(np.clip(image, 0, 1).astype(np.float32), scene.foreground)
