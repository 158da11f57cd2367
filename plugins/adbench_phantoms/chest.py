"""Frontal chest films: lungs, ribs, heart, diaphragm, vessels; opacities, effusions, nodules and collapsed lungs."""

from __future__ import annotations

import numpy as np

from adbench_phantoms.canvas import SIZE, Drawing, Field, X, Y, bump, inside, oval, place, smooth_noise, stamp, vessels


def draw(subject: np.random.Generator, film: np.random.Generator, abnormal: bool) -> Drawing:
    """One film."""
    x, y, size = film.normal(0, 0.02), film.normal(0, 0.03), subject.uniform(0.95, 1.05)
    air, tissue = subject.uniform(0.18, 0.24), subject.uniform(0.58, 0.64)
    domes = [0.52 * size + subject.normal(0, 0.06), 0.60 * size + subject.normal(0, 0.06)]

    lungs = []
    for side, dome in zip((-1, 1), domes, strict=True):
        shape = oval(x + side * 0.40 * size, y - 0.02, 0.30 * size, 0.74 * size, -side * 0.13, 2.6)
        floor = y + dome + 0.5 * (X - x - side * 0.36) ** 2 - 0.10
        lungs.append(np.maximum(shape + 0.02 * smooth_noise(film, 5), 1 + (Y - floor) * 2.5))
    lung = np.maximum(*(inside(distance, 0.12) for distance in lungs))
    heart = inside(oval(x + 0.13, y + 0.30, subject.uniform(0.26, 0.36) * size, 0.30 * size, 0.5), 0.25)
    middle = inside(np.abs(X - x) / (0.13 + 0.05 * np.clip(Y, 0, 1)), 0.6)

    markings = np.zeros((SIZE, SIZE))
    for side in (-1, 1):
        hilum = (x + side * 0.16 + 1) / 2 * SIZE, (y + 0.02 + 1) / 2 * SIZE
        for angle in (-1.1, -0.4, 0.3, 1.0):
            heading = (angle if side > 0 else np.pi - angle) + film.normal(0, 0.15)
            stamp(markings, vessels(film, *hilum, heading, film.uniform(1.1, 1.7), film.uniform(9, 15)), 3)

    inner = air + 0.07 * markings + 0.012 * smooth_noise(film, 24)
    if abnormal:
        inner = _abnormal(film, inner, air, lungs, markings)
    body = tissue + 0.03 * smooth_noise(film, 4)
    image = body + (inner - body) * lung
    image = image + (0.76 - image) * np.maximum(0.9 * heart, 0.85 * middle) + 0.02 * np.sin(26 * (Y - y)) * middle
    image += subject.uniform(0.06, 0.11) * _bones(film, x, y) * (1 - 0.7 * np.maximum(heart, middle))
    shoulders = inside(oval(x, 0.9, 1.05, 1.75, 0, 3), 0.12)
    image *= 0.12 + 0.88 * shoulders
    exposed = np.clip(image, 0, 1) ** subject.uniform(0.85, 1.2) * subject.uniform(0.85, 1.15)
    return Drawing(exposed + 0.014 * film.standard_normal((SIZE, SIZE)), np.zeros((SIZE, SIZE), bool))


def _bones(rng: np.random.Generator, x: float, y: float) -> Field:
    """Ribs from behind, steeper ones in front, and the clavicles."""
    out = np.abs(X - x)
    slope, gap, phase = rng.uniform(0.35, 0.55), rng.uniform(0.19, 0.22), rng.uniform(0, 0.2)
    behind = Y - y + 0.9 - slope * (1 - (1.4 * out - 0.45) ** 2)
    front = Y - y - 0.9 * out
    chest = np.clip((out - 0.1) / 0.08, 0, 1) * np.clip((0.86 - out) / 0.05, 0, 1)
    ribs = bump(_to_nearest(behind + phase, gap) / 0.036) + 0.45 * bump(_to_nearest(front + phase, 1.2 * gap) / 0.04)
    clavicles = bump((Y - y + 0.70 + 0.28 * (out - 0.3)) / 0.035) * np.clip(out / 0.1, 0, 1) * (out < 0.75)
    return ribs * chest * (y - 0.85 < Y) + clavicles


def _to_nearest(value: Field, spacing: float) -> Field:
    return (value / spacing - np.round(value / spacing)) * spacing


def _abnormal(rng: np.random.Generator, inner: Field, air: float, lungs: list[Field], markings: Field) -> Field:
    kind = rng.choice(["opacity", "patches", "effusion", "nodules", "collapse"], p=[0.35, 0.2, 0.15, 0.1, 0.2])
    lung = lungs[rng.integers(2)]
    if kind == "opacity":
        size = rng.uniform(0.28, 0.45)
        shape = oval(*place(rng, lung < 0.8), size, size * rng.uniform(0.7, 1.4), rng.uniform(0, np.pi))
        cloud = inside(shape + 0.25 * smooth_noise(rng, 8), 1.0)
        return inner + rng.uniform(0.32, 0.52) * cloud * (1 + 0.2 * smooth_noise(rng, 14))
    if kind == "patches":
        where = lung if rng.random() < 0.5 else np.minimum(*lungs)
        spots = np.clip(smooth_noise(rng, 9) - rng.uniform(0.3, 0.8), 0, 1)
        return inner + rng.uniform(0.36, 0.56) * spots * (where < 1)
    if kind == "effusion":
        level = rng.uniform(-0.1, 0.3)
        meniscus = level - 0.35 * np.clip(np.abs(X) - 0.35, 0, 1) ** 2 * 6
        return inner + rng.uniform(0.36, 0.5) * np.clip((Y - meniscus) / 0.1, 0, 1) * (lung < 1.1)
    if kind == "nodules":
        spots = np.zeros_like(inner)
        for _ in range(rng.integers(1, 4)):
            size = rng.uniform(0.09, 0.15)
            spots = np.maximum(spots, inside(oval(*place(rng, lung < 0.8), size, size), 0.5))
        return inner + rng.uniform(0.32, 0.46) * spots
    edge = rng.uniform(-0.2, 0.3)
    apex = np.clip((edge - Y + 0.5 * smooth_noise(rng, 2) * 0.1) / 0.05, 0, 1) * (lung < 1.1)
    empty = air - rng.uniform(0.08, 0.14) + 0.10 * bump((Y - edge) / 0.02)
    return inner + (empty - inner) * apex + 0.03 * markings * (lung < 1) * (1 - apex)
