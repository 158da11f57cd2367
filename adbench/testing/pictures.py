"""Small procedural images for the checks: an oval object with texture, and lesions planted in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

SIDE = 64
Shape = tuple[int, int]


@dataclass(frozen=True)
class Pictures:
    """Images with labels and masks.

    Attributes:
        images: N arrays (H, W, 3) uint8, RGB, of any sizes.
        masks: N arrays (H, W) bool, all False for normal images.
        labels: (N,) bool, True = abnormal.
    """

    images: list[np.ndarray]
    masks: list[np.ndarray]
    labels: np.ndarray

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, rows: Sequence[int] | slice) -> Pictures:
        numbers = list(range(len(self)))[rows] if isinstance(rows, slice) else list(rows)
        return Pictures([self.images[i] for i in numbers], [self.masks[i] for i in numbers], self.labels[numbers])

    def __add__(self, other: Pictures) -> Pictures:
        return Pictures(self.images + other.images, self.masks + other.masks, np.concatenate([self.labels, other.labels]))


def normal_pictures(count: int, seed: int, shapes: Sequence[Shape] = ((SIDE, SIDE),)) -> Pictures:
    """`count` normal images; `shapes` (height, width) are used in turn."""
    images = [_object(np.random.default_rng([seed, 0, i]), shapes[i % len(shapes)]) for i in range(count)]
    return Pictures(images, [np.zeros(image.shape[:2], bool) for image in images], np.zeros(count, bool))


def abnormal_pictures(count: int, seed: int, shapes: Sequence[Shape] = ((SIDE, SIDE),)) -> Pictures:
    """`count` images with a bright or dark lesion that covers about a twentieth of the image."""
    images, masks = [], []
    for i in range(count):
        rng = np.random.default_rng([seed, 1, i])
        image = _object(rng, shapes[i % len(shapes)])
        x, y = rng.uniform(-0.3, 0.3, 2)
        mask = _disc(image.shape[:2], x, y, 0.28)
        image[mask] = (235, 225, 200) if i % 2 else (12, 8, 20)
        images.append(image)
        masks.append(mask)
    return Pictures(images, masks, np.ones(count, bool))


def one_pixel_pictures(count: int, seed: int) -> Pictures:
    """`count` abnormal images that differ from normal ones in one pixel."""
    pictures = normal_pictures(count, seed)
    for i, (image, mask) in enumerate(zip(pictures.images, pictures.masks, strict=True)):
        image[20 + i, 31] = 255
        mask[20 + i, 31] = True
    return Pictures(pictures.images, pictures.masks, np.ones(count, bool))


def constant_pictures(levels: Sequence[int], abnormal: bool = False) -> Pictures:
    """One image per grey level; an abnormal one is abnormal in all its pixels."""
    images = [np.full((SIDE, SIDE, 3), level, np.uint8) for level in levels]
    masks = [np.full((SIDE, SIDE), abnormal) for _ in levels]
    return Pictures(images, masks, np.full(len(levels), abnormal))


def mixed_pictures(count: int, seed: int) -> Pictures:
    """`count` normal and `count` abnormal images in turn."""
    both = normal_pictures(count, seed) + abnormal_pictures(count, seed)
    return both[[i + label * count for i in range(count) for label in (0, 1)]]


def _object(rng: np.random.Generator, shape: Shape) -> np.ndarray:
    distance = _distance(shape, *rng.uniform(-0.05, 0.05, 2))
    inside = 1 / (1 + np.exp((distance - rng.uniform(0.75, 0.82)) / 0.03))
    rows, columns = np.indices(shape)
    phase, slant = rng.uniform(0, 2 * np.pi, 2)
    texture = np.sin(columns / 4 + phase) * np.cos(rows / 5 + slant)
    level = rng.uniform(105, 125) * inside + 12 * texture * inside + rng.normal(0, 4, shape) + 25
    tinted = level[:, :, None] * np.array([1.0, 0.96, 0.9])
    picture: np.ndarray = np.clip(np.rint(tinted), 0, 255).astype(np.uint8)
    return picture


def _disc(shape: Shape, x: float, y: float, radius: float) -> np.ndarray:
    disc = _distance(shape, x, y) < radius
    disc[shape[0] // 2, shape[1] // 2] |= not disc.any()
    return disc


def _distance(shape: Shape, x: float, y: float) -> np.ndarray:
    # Image coordinates run from -1 to 1, so a lesion fits any size.
    rows, columns = np.linspace(-1, 1, shape[0]), np.linspace(-1, 1, shape[1])
    return np.hypot(columns[None, :] - x, rows[:, None] - y)
