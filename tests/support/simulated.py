"""Scores of known AUROC, alone and in groups, and histograms of simulated pixels."""

from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np

from adbench.metrics import Histograms

EDGES = np.linspace(-8.0, 12.0, 400)


def shift_for(auroc: float, variance: float = 1.0) -> float:
    """Distance of two normal distributions of this variance for this AUROC."""
    return NormalDist().inv_cdf(auroc) * math.sqrt(2 * variance)


def simple_scores(
    rng: np.random.Generator, positives: int, negatives: int, auroc: float, digits: int = 12
) -> tuple[np.ndarray, np.ndarray]:
    """Labels and normally distributed scores of independent images."""
    labels = np.repeat([True, False], [positives, negatives])
    return labels, np.round(rng.standard_normal(labels.size) + shift_for(auroc) * labels, digits)


def grouped_scores(
    rng: np.random.Generator, subjects: int, auroc: float, mixed: bool = True
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Labels, scores and subjects: 1 to 10 images each, half of a score's variance shared within a subject.

    Mixed: normal and abnormal images in one subject, in varying shares; else all of one kind.
    """
    groups = np.repeat(np.arange(subjects), rng.integers(1, 11, subjects))
    shares = rng.beta(1.0, 1.5, subjects) if mixed else (np.arange(subjects) % 2).astype(float)
    labels = rng.random(groups.size) < shares[groups]
    common = rng.standard_normal(subjects)[groups]
    return labels, common + rng.standard_normal(groups.size) + shift_for(auroc, 2.0) * labels, groups


def two_methods(rng: np.random.Generator, labels: np.ndarray, groups: np.ndarray, auroc: float) -> tuple[np.ndarray, np.ndarray]:
    """Scores of two equally good methods that partly agree, by image and by group."""
    units = int(groups.max()) + 1
    agreed = rng.standard_normal(units)[groups] + rng.standard_normal(labels.size)
    first, second = (rng.standard_normal(units)[groups] + rng.standard_normal(labels.size) for _ in range(2))
    shift = shift_for(auroc, 4.0) * labels
    return agreed + first + shift, agreed + second + shift


def simulated_histograms(
    rng: np.random.Generator, abnormal: int, normal: int, lesions: np.ndarray, shift: float = 1.5
) -> Histograms:
    """Images of 80 normal pixels, the first ones with a lesion of given size in pixels; image and lesion effects of 0.7."""
    images = abnormal + normal
    background = rng.standard_normal((images, 80)) + 0.7 * rng.standard_normal((images, 1))
    counts = np.zeros((3, images, EDGES.size + 1), np.float32)
    for row in range(images):
        counts[0, row] = _count(background[row])
    for row, pixels in enumerate(lesions):
        counts[1, row] = _count(rng.standard_normal(pixels) + 0.7 * rng.standard_normal() + shift)
        counts[2, row] = counts[1, row] / pixels
    return Histograms(*counts, np.repeat(np.float32([1, 0]), [abnormal, normal]))


def subject_maps(rng: np.random.Generator, subjects: int, shift: float = 1.5) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Masks, maps and subjects: 3 images of 8 x 8 each, two subjects of three with a lesion in every image.

    All images of a subject share an effect of 0.7 on the background, and another on the lesions.
    """
    groups = np.repeat(np.arange(subjects), 3)
    masks = np.zeros((groups.size, 8, 8), bool)
    for row in np.flatnonzero(groups % 3 > 0):
        (top, left), (height, width) = rng.integers(0, 5, 2), rng.integers(1, 4, 2)
        masks[row, top : top + height, left : left + width] = True
    background, lesion = (0.7 * rng.standard_normal((subjects, 1, 1))[groups] for _ in range(2))
    return masks, rng.standard_normal(masks.shape) + np.where(masks, lesion + shift, background), groups


def _count(values: np.ndarray) -> np.ndarray:
    return np.bincount(np.searchsorted(EDGES, values), minlength=EDGES.size + 1)
