"""Tiles of lymph node stained with haematoxylin and eosin; metastases are islands of large, pale, uneven nuclei.

Colours follow Beer and Lambert's law with the optical densities of the two stains (Ruifrok and Johnston, 2001).
"""

from __future__ import annotations

import numpy as np

from adbench_phantoms.canvas import SIZE, Drawing, Field, inside, oval, place, smooth_noise, stamp

HAEMATOXYLIN = np.array([0.65, 0.70, 0.29])
EOSIN = np.array([0.07, 0.99, 0.11])


def draw(subject: np.random.Generator, tile: np.random.Generator, abnormal: bool) -> Drawing:
    """One tile."""
    blue, pink = subject.uniform(0.75, 1.25), subject.uniform(0.75, 1.25)
    tumour = _tumour(tile) if abnormal else np.zeros((SIZE, SIZE))
    compartment = smooth_noise(tile, 3) + tile.normal(0, 0.4)
    stroma = np.clip(compartment - 0.9, 0, 1) * (1 - tumour)
    fibres = smooth_noise(tile, 6)
    texture = np.sin(16 * fibres + 5 * smooth_noise(tile, 4))

    eosin = 0.22 + 0.05 * smooth_noise(tile, 12) + 0.22 * stroma * (1 + 0.2 * texture) + tile.uniform(-0.06, 0.08) * tumour
    eosin += 0.05 * smooth_noise(tile, 40)
    nuclei = 0.10 + 0.02 * smooth_noise(tile, 20) + np.zeros((SIZE, SIZE))
    density = np.clip(0.9 - 0.8 * stroma + 0.1 * smooth_noise(tile, 5), 0.03, 0.97)
    _scatter(tile, nuclei, density * (1 - tumour), gap=6.6, radius=(2.0, 3.0), stretch=1.25, dark=(0.55, 1.0))
    if abnormal:
        large = tile.uniform(3.4, 5.2)
        dark = tile.uniform(0.4, 0.95)
        gap = 2.6 * large * tile.uniform(0.9, 1.2)
        cells = _scatter(tile, nuclei, 0.95 * tumour, gap, (0.75 * large, 1.25 * large), 1.7, (dark - 0.1, dark + 0.15))
        if len(cells):
            nucleoli = np.column_stack([cells[:, :2] + tile.normal(0, 0.8, (len(cells), 2)), np.full((len(cells), 2), 0.9)])
            stamp(nuclei, np.column_stack([nucleoli, np.zeros(len(cells)), np.full(len(cells), dark + 0.35)]), 2)
    fat = _fat(tile) * (1 - tumour)
    eosin, nuclei = np.maximum(eosin, 0.05) * (1 - fat), np.maximum(nuclei, 0.03) * (1 - fat)

    chromatin = 1 + 0.18 * smooth_noise(tile, 56)
    density_rgb = (blue * nuclei * chromatin)[:, :, None] * HAEMATOXYLIN + (pink * eosin)[:, :, None] * EOSIN
    light = 0.96 * np.exp(-1.25 * density_rgb) + 0.012 * tile.standard_normal((SIZE, SIZE, 1))
    return Drawing(light, tumour > 0.5)


def _tumour(rng: np.random.Generator) -> Field:
    """Islands that cover from a fifth to all of the tile."""
    x, y = place(rng, np.ones((SIZE, SIZE), bool))
    size = rng.uniform(0.5, 1.4)
    island = oval(x * 0.6, y * 0.6, size, size * rng.uniform(0.6, 1.2), rng.uniform(0, np.pi))
    return inside(island + 0.25 * smooth_noise(rng, 5), 0.1)


def _scatter(
    rng: np.random.Generator,
    field: Field,
    density: Field,
    gap: float,
    radius: tuple[float, float],
    stretch: float,
    dark: tuple[float, float],
) -> Field:
    """Stamp nuclei on a shaken grid where `density` (a probability) lets them; returns their points."""
    steps = np.arange(-0.5 * gap, SIZE + gap, gap)
    centres = np.stack(np.meshgrid(steps, steps), axis=-1)
    centres[::2, :, 0] += gap / 2
    centres = centres.reshape(-1, 2) + rng.uniform(-0.32 * gap, 0.32 * gap, (len(steps) ** 2, 2))
    column, row = np.clip(centres.astype(int), 0, SIZE - 1).T
    centres = centres[rng.random(len(centres)) < density[row, column]]
    small = rng.uniform(*radius, len(centres))
    points = np.column_stack(
        [
            centres,
            small,
            small * rng.uniform(1, stretch, len(centres)),
            rng.uniform(0, np.pi, len(centres)),
            rng.uniform(*dark, len(centres)),
        ]
    )
    stamp(field, points, int(np.ceil(radius[1] * stretch)) + 1)
    return points


def _fat(rng: np.random.Generator) -> Field:
    """Empty vacuoles, in one tile of four."""
    fat = np.zeros((SIZE, SIZE))
    if rng.random() < 0.25:
        corner = rng.uniform(-1, 1, 2)
        for _ in range(rng.integers(2, 6)):
            size = rng.uniform(0.12, 0.25)
            x, y = corner + rng.normal(0, 0.3, 2)
            fat = np.maximum(fat, inside(oval(x, y, size, size * rng.uniform(0.8, 1.2)), 0.08))
    return fat
