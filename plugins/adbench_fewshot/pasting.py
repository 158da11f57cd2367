"""Our own augmentation for BGAD: defects of the abnormal support pasted on normal images, using only the defect masks."""

from __future__ import annotations

import numpy as np


def paste_defects(
    normal: np.ndarray, abnormal: np.ndarray, masks: np.ndarray, copies: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Paste every defect on randomly chosen normal images, flipped and shifted at random and cut at the border.

    Args:
        normal: (n, 3, S, S) uint8.
        abnormal: (k, 3, S, S) uint8.
        masks: (k, S, S) bool.
        copies: number of copies of each abnormal image.

    Returns:
        (copies k, 3, S, S) uint8 images and (copies k, S, S) bool masks.
    """
    images, places = [], []
    for image, mask in zip(abnormal, masks, strict=True):
        for _ in range(copies):
            onto = normal[rng.integers(len(normal))].copy()
            piece, where = _moved(image, mask, rng)
            onto[:, where] = piece[:, where]
            images.append(onto)
            places.append(where)
    if not images:
        return abnormal[:0], masks[:0]
    return np.stack(images), np.stack(places)


def _moved(image: np.ndarray, mask: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    flips = tuple(axis for axis in (-2, -1) if rng.random() < 0.5)
    image, mask = np.flip(image, flips), np.flip(mask, flips)
    rows, columns = np.nonzero(mask)
    if not len(rows):
        return image, mask
    # The centre of the defect lands somewhere in the image, so some of it always stays inside.
    side = mask.shape[0]
    shift = rng.integers(side) - int(rows[len(rows) // 2]), rng.integers(side) - int(columns[len(columns) // 2])
    moved = np.zeros_like(mask)
    to_rows, to_columns = rows + shift[0], columns + shift[1]
    inside = (to_rows >= 0) & (to_rows < side) & (to_columns >= 0) & (to_columns < side)
    moved[to_rows[inside], to_columns[inside]] = True
    return np.roll(image, shift, axis=(-2, -1)), moved
