"""Images from arrays, for tests of detectors."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np

from adbench.contracts.images import ImageBatch, Interpolation, LabelledImages, Size, resize_image, resize_mask
from adbench.errors import UserError


class MemorySource:
    """A pixel source over arrays, which may differ in size."""

    def __init__(self, images: Sequence[np.ndarray] | np.ndarray, masks: Sequence[np.ndarray] | np.ndarray | None) -> None:
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


class RecordingSource(MemorySource):
    """Remembers the arrays it returned, so that changes to them are noticed."""

    def __init__(self, images: Sequence[np.ndarray] | np.ndarray, masks: Sequence[np.ndarray] | np.ndarray | None) -> None:
        super().__init__(images, masks)
        self._handed: list[tuple[str, np.ndarray, str]] = []

    def pixels(self, rows: Sequence[int], size: Size, interpolation: Interpolation) -> np.ndarray:
        """(len(rows), 3, H, W) uint8."""
        return self._remembered("pixels", super().pixels(rows, size, interpolation))

    def masks(self, rows: Sequence[int], size: Size) -> np.ndarray:
        """(len(rows), H, W) bool."""
        return self._remembered("masks", super().masks(rows, size))

    def changed(self) -> list[str]:
        """Which of the returned arrays have changed: `pixels`, `masks`."""
        return sorted({what for what, array, digest in self._handed if _digest(array) != digest})

    def _remembered(self, what: str, array: np.ndarray) -> np.ndarray:
        self._handed.append((what, array, _digest(array)))
        return array


def memory_images(
    pixels: Sequence[np.ndarray] | np.ndarray,
    labels: Sequence[bool] | np.ndarray | None = None,
    masks: Sequence[np.ndarray] | np.ndarray | None = None,
    class_name: str = "object",
) -> LabelledImages:
    """Labelled images from arrays.

    Args:
        pixels: (N, H, W, 3) uint8, RGB; or N arrays (H, W, 3) of any sizes.
        labels: (N,) bool, True = abnormal; None = all normal.
        masks: (N, H, W) bool, or N arrays of the images' sizes; None for a set without masks.
        class_name: name of the object for prompts.
    """
    return labelled(MemorySource(pixels, _as_bool(masks)), len(pixels), labels, masks is not None, class_name)


def labelled(
    source: MemorySource,
    count: int,
    labels: Sequence[bool] | np.ndarray | None = None,
    has_masks: bool = False,
    class_name: str = "object",
) -> LabelledImages:
    """All `count` images of a source, with labels."""
    given = np.zeros(count, bool) if labels is None else np.array(labels, bool)
    return LabelledImages(source, range(count), given, has_masks, class_name)


def unlabelled(pixels: Sequence[np.ndarray] | np.ndarray) -> ImageBatch:
    """Images as `predict` gets them: pixels and ids, from a recording source without masks."""
    return ImageBatch(RecordingSource(pixels, None), range(len(pixels)))


def changed_arrays(images: ImageBatch) -> list[str]:
    """Which arrays returned by a recording source were changed: `pixels`, `masks`."""
    source = images._source
    return source.changed() if isinstance(source, RecordingSource) else []


def _as_bool(masks: Sequence[np.ndarray] | np.ndarray | None) -> list[np.ndarray] | None:
    return None if masks is None else [np.asarray(mask, bool) for mask in masks]


def _digest(array: np.ndarray) -> str:
    return hashlib.sha256(array.tobytes()).hexdigest()
