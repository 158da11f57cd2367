"""Images that live in arrays, for tests of detectors."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from adbench.errors import UserError
from adbench.images import Interpolation, LabelledImages, Size, resize_image, resize_mask


class MemorySource:
    """A pixel source over arrays."""

    def __init__(self, images: np.ndarray, masks: np.ndarray | None) -> None:
        self._images = images
        self._masks = masks

    def pixels(self, rows: Sequence[int], size: Size, interpolation: Interpolation) -> np.ndarray:
        """(len(rows), 3, H, W) uint8."""
        resized = [resize_image(self._images[row], size, interpolation) for row in rows]
        return np.stack(resized) if resized else np.zeros((0, 3, *size), np.uint8)

    def masks(self, rows: Sequence[int], size: Size) -> np.ndarray:
        """(len(rows), H, W) bool."""
        if self._masks is None:
            raise UserError("These images have no masks.")
        resized = [resize_mask(self._masks[row], size) for row in rows]
        return np.stack(resized) if resized else np.zeros((0, *size), bool)


def memory_images(
    pixels: np.ndarray,
    labels: np.ndarray | None = None,
    masks: np.ndarray | None = None,
    class_name: str = "object",
) -> LabelledImages:
    """Labelled images from arrays.

    Args:
        pixels: (N, H, W, 3) uint8, RGB.
        labels: (N,) bool, True = abnormal; all normal where None.
        masks: (N, H, W) bool, or None for a set without masks.
        class_name: name of the object for prompts.
    """
    given = np.zeros(len(pixels), bool) if labels is None else np.asarray(labels, bool)
    source = MemorySource(pixels, None if masks is None else np.asarray(masks, bool))
    return LabelledImages(source, range(len(pixels)), given, masks is not None, class_name)
