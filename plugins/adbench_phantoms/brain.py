"""Axial FLAIR slices without skull: white and grey matter, folds, dark ventricles; tumours, foci and cysts."""

from __future__ import annotations

import numpy as np

from adbench_phantoms.canvas import Drawing, Field, Y, bump, inside, oval, place, smooth_noise, turned


def draw(subject: np.random.Generator, slice_: np.random.Generator, abnormal: bool) -> Drawing:
    """One slice of a subject."""
    width, height = subject.uniform(0.66, 0.76), subject.uniform(0.82, 0.92)
    angle, x, y = subject.normal(0, 0.07), *subject.normal(0, 0.03, 2)
    white, grey = subject.uniform(0.40, 0.46), subject.uniform(0.54, 0.62)
    fluid, atrophy = subject.uniform(0.10, 0.18), subject.uniform(0.7, 1.5)
    gain, level = subject.uniform(0.85, 1.15), slice_.uniform(-1, 1)

    scale = 1 - 0.1 * max(level, 0)
    u, _ = turned(x, y, angle)
    outline = oval(x, y, width * scale, height * scale, angle, 2.3) + 0.025 * smooth_noise(slice_, 6)
    brain = inside(outline, 0.05)
    depth = 1 - outline

    fold = smooth_noise(slice_, 17)
    cortex = np.clip((0.34 - depth) / 0.14, 0, 1)
    ribbon = np.maximum(bump(fold / 0.75) * cortex, np.clip((0.10 - depth) / 0.05, 0, 1))
    sulci = bump(fold / (0.2 * atrophy)) * np.clip((0.28 - depth) / 0.1, 0, 1)
    fissure = bump(u / 0.018) * np.clip(np.abs(Y - y) * 2.2 - 0.55, 0, 1)

    tissue = white + (grey - white) * ribbon + 0.012 * smooth_noise(slice_, 9)
    ventricles = np.zeros_like(tissue)
    for side in (-1, 1):
        spread = 0.12 + 0.02 * atrophy
        size = atrophy * (1 - 0.35 * abs(level)) * subject.uniform(0.9, 1.1)
        horn = oval(x + side * spread, y - 0.02, 0.055 * size, 0.25 * size, angle + side * 0.22)
        tissue += 0.05 * bump((horn - 1) / 0.35) + 0.05 * inside(oval(x + side * 0.27, y + 0.02, 0.09, 0.16), 0.4)
        ventricles = np.maximum(ventricles, inside(horn, 0.25))
    tissue += (fluid - tissue) * np.clip(ventricles + 0.75 * sulci + 0.8 * fissure, 0, 1)

    lesion = np.zeros(tissue.shape, bool)
    if abnormal:
        allowed = (outline < 0.78) & (ventricles < 0.2)
        tissue, lesion = _lesion(slice_, tissue, allowed, outline < 0.97)
    bias = 1 + 0.05 * smooth_noise(slice_, 1)
    signal = tissue * brain * gain * bias
    real, imaginary = slice_.normal(0, 0.022, (2, *signal.shape))
    return Drawing(np.hypot(signal + real * (0.2 + brain), imaginary * (0.2 + brain)), lesion)


def _lesion(rng: np.random.Generator, tissue: Field, allowed: Field, brain: Field) -> tuple[Field, Field]:
    kind = rng.choice(["tumour", "foci", "cyst"], p=[0.5, 0.25, 0.25])
    shape = np.zeros_like(tissue)
    rough = smooth_noise(rng, 9)
    if kind == "foci":
        for _ in range(rng.integers(2, 5)):
            size = rng.uniform(0.045, 0.085)
            spot = oval(*place(rng, allowed), size, size * rng.uniform(0.8, 1.4), rng.uniform(0, np.pi))
            shape = np.maximum(shape, inside(spot + 0.12 * rough, 0.6))
        return tissue + rng.uniform(0.18, 0.34) * shape, (shape > 0.5) & brain
    size = rng.uniform(0.11, 0.30)
    distance = oval(*place(rng, allowed), size, size * rng.uniform(0.7, 1.3), rng.uniform(0, np.pi)) + 0.16 * rough
    shape = inside(distance, 0.4)
    if kind == "cyst":
        target = tissue + -rng.uniform(0.14, 0.28)
    else:
        target = 0.5 * (tissue + tissue.mean(where=brain)) + rng.uniform(0.14, 0.34)
        if rng.random() < 0.5:
            target = target - rng.uniform(0.15, 0.4) * inside(distance * rng.uniform(1.6, 2.4), 0.5)
    return tissue + (target - tissue) * shape, (shape > 0.5) & brain
