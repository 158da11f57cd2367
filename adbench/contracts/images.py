"""What a detector sees of images: pixels and opaque ids, with no way to reach a label, mask, name or path."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Literal, Protocol, Self

if TYPE_CHECKING:
    import numpy as np

Interpolation = Literal["nearest", "bilinear", "bicubic"]
Size = tuple[int, int]


class PixelSource(Protocol):
    """Where batches get their arrays from; rows are positions in the source."""

    def pixels(self, rows: Sequence[int], size: Size, interpolation: Interpolation) -> np.ndarray:
        """(len(rows), 3, H, W) uint8."""

    def masks(self, rows: Sequence[int], size: Size) -> np.ndarray:
        """(len(rows), H, W) bool."""


class ImageBatch:
    """N images: opaque ids and pixels. No labels, masks, names or paths.

    `len(batch)`; `batch[i:j]` or `batch[[0, 3]]` is a smaller batch of the same class.
    """

    def __init__(self, source: PixelSource, rows: Sequence[int]) -> None:
        self._source = source
        self._rows = tuple(rows)

    @property
    def ids(self) -> tuple[str, ...]:
        """Names that are unique in the set and mean nothing: positions in a shuffled order."""
        return tuple(f"{row:06d}" for row in self._rows)

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, index: slice | Sequence[int]) -> Self:
        return self._take(self._positions(index))

    def _positions(self, index: slice | Sequence[int]) -> list[int]:
        if isinstance(index, slice):
            return list(range(len(self))[index])
        return [range(len(self))[int(position)] for position in index]

    def _take(self, positions: list[int]) -> Self:
        return type(self)(self._source, [self._rows[position] for position in positions])

    def pixels(self, size: int | Size, interpolation: Interpolation = "bicubic") -> np.ndarray:
        """(N, 3, H, W) uint8, RGB, resized with Pillow's antialiased filters to `size` (side, or height and width)."""
        return self._source.pixels(self._rows, as_size(size), interpolation)

    def batches(self, size: int) -> Iterator[Self]:
        """Consecutive parts of at most `size` images."""
        for start in range(0, len(self), size):
            yield self[start : start + size]


class LabelledImages(ImageBatch):
    """Images that a track grants with their labels. May be empty (`len() == 0`).

    Attributes:
        labels: (N,) bool, True = abnormal.
        has_masks: pixel labels exist in this set.
        class_name: name of the object for prompts.
    """

    def __init__(self, source: PixelSource, rows: Sequence[int], labels: np.ndarray, has_masks: bool, class_name: str) -> None:
        super().__init__(source, rows)
        self.labels = labels
        self.has_masks = has_masks
        self.class_name = class_name

    def _take(self, positions: list[int]) -> Self:
        rows = [self._rows[position] for position in positions]
        return type(self)(self._source, rows, self.labels[positions], self.has_masks, self.class_name)

    def masks(self, size: int | Size) -> np.ndarray:
        """(N, H, W) bool, resized by nearest; all False for normal images.

        Raises `UserError` if the set has no masks or an abnormal image has none.
        """
        return self._source.masks(self._rows, as_size(size))


def as_size(size: int | Size) -> Size:
    """A side or (height, width) as (height, width)."""
    return (size, size) if isinstance(size, int) else (int(size[0]), int(size[1]))


def resize_image(image: np.ndarray, size: Size, interpolation: Interpolation) -> np.ndarray:
    """(H, W, 3) uint8 to (3, h, w) uint8 with Pillow's antialiased filters, as the released methods read images."""
    import numpy as np
    from PIL import Image

    if image.shape[:2] != size:
        resampling = Image.Resampling[interpolation.upper()]
        image = np.asarray(Image.fromarray(image).resize((size[1], size[0]), resampling))
    return np.ascontiguousarray(image.transpose(2, 0, 1))


def resize_mask(mask: np.ndarray, size: Size) -> np.ndarray:
    """(H, W) bool to (h, w) bool by nearest neighbour, with Pillow's pixel centres."""
    import numpy as np
    from PIL import Image

    if mask.shape == size:
        return mask
    resized = Image.fromarray(mask.astype(np.uint8)).resize((size[1], size[0]), Image.Resampling.NEAREST)
    return np.asarray(resized).astype(bool)
