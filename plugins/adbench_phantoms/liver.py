"""CT slices of the liver alone, on black: noisy parenchyma and vessels; dark and bright metastases, some with a rim."""

from __future__ import annotations

import numpy as np

from adbench_phantoms.canvas import SIZE, Drawing, Field, bump, inside, oval, place, signed, smooth_noise, stamp, vessels


def draw(subject: np.random.Generator, slice_: np.random.Generator, abnormal: bool) -> Drawing:
    """One slice of a subject."""
    x, y = subject.normal(0, 0.05, 2)
    size, turn = subject.uniform(0.85, 1.08), subject.normal(0, 0.1)
    level, enhanced = subject.uniform(0.44, 0.60), subject.uniform(0.05, 0.14)
    left = subject.uniform(0.75, 1.2) * slice_.uniform(0.9, 1.1)

    right_lobe = oval(x - 0.27, y + 0.02, 0.52 * size, 0.70 * size, 0.25 + turn, 2.4)
    left_lobe = oval(x + 0.28, y - 0.30, 0.50 * size * left, 0.27 * size, 0.35 + turn)
    hilum = oval(x + 0.26, y + 0.26, 0.26, 0.34, 0.5 + turn) + 0.10 * smooth_noise(slice_, 4)
    outline = np.minimum(right_lobe, left_lobe) + 0.05 * smooth_noise(slice_, 4)
    outline = np.maximum(outline, 2 - hilum)
    liver = inside(outline, 0.06)

    tree = np.zeros((SIZE, SIZE))
    centre = (x + 0.1) * SIZE / 2 + SIZE / 2, (y - 0.02) * SIZE / 2 + SIZE / 2
    for angle in (np.pi, 2.3, -2.4, -0.6):
        points = vessels(slice_, *centre, angle + slice_.normal(0, 0.3), slice_.uniform(1.2, 2.3), slice_.uniform(12, 22))
        stamp(tree, points, 4)
    tissue = level + 0.02 * smooth_noise(slice_, 7) + enhanced * tree

    lesion = np.zeros((SIZE, SIZE), bool)
    if abnormal:
        tissue, lesion = _lesions(slice_, tissue, outline)
    noise = 0.028 * smooth_noise(slice_, 52) + 0.024 * slice_.standard_normal((SIZE, SIZE))
    return Drawing((tissue + noise) * liver, lesion)


def _lesions(rng: np.random.Generator, tissue: Field, outline: Field) -> tuple[Field, Field]:
    contrast = signed(rng, 0.16, 0.34, up=0.4)
    rim = rng.uniform(0.06, 0.16) if rng.random() < 0.35 else 0.0
    number = rng.integers(1, 4)
    lesion = np.zeros(tissue.shape, bool)
    for _ in range(number):
        size = rng.uniform(0.15, 0.32) / np.sqrt(number)
        distance = oval(*place(rng, outline < 0.88), size, size * rng.uniform(0.75, 1.3), rng.uniform(0, np.pi))
        distance = distance + 0.1 * smooth_noise(rng, 8)
        shape = inside(distance, 0.45)
        tissue = tissue + (tissue.mean() + contrast - tissue) * shape + rim * bump((distance - 1) / 0.15)
        lesion |= shape > 0.5
    return tissue, lesion & (outline < 1)
