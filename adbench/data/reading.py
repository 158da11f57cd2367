"""Every image of a set, read once and from several threads, and what is kept of each."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import NamedTuple, TypeVar

import numpy as np

from adbench.contracts.dataset import SPLITS, Dataset, Item, Split
from adbench.errors import UserError

READERS = 8
HASH_SIDE = 16  # a perceptual hash has HASH_SIDE ** 2 bits

Given = TypeVar("Given")
Result = TypeVar("Result")


class Place(NamedTuple):
    """An image of a set: `train/good/00003_60`."""

    split: Split
    item: Item

    def __str__(self) -> str:
        return f"{self.split}/{self.item.id}"


@dataclass(frozen=True)
class ImageFacts:
    """What an image looked like when it was read.

    Attributes:
        digest: hex SHA-256 of its decoded pixels and their shape.
        shape: height and width.
        blank: all pixels have one colour.
        hash: (HASH_SIDE ** 2,) bool, the perceptual hash; None where it was not asked for, or of a blank image.
        span: from its darkest to its brightest value, 0 to 255.
    """

    digest: str
    shape: tuple[int, ...]
    blank: bool
    hash: np.ndarray | None = None
    span: int = 0


def places(dataset: Dataset) -> list[Place]:
    """All images of all splits."""
    return [Place(split, item) for split in SPLITS for item in dataset.items(split)]


def checked_image(dataset: Dataset, place: Place) -> np.ndarray:
    """(H, W, 3) uint8. Raises `UserError` where it cannot be read, or the dataset gives something else."""
    image = dataset.image(*place)
    if not isinstance(image, np.ndarray) or image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3:
        what = f"{image.dtype} {image.shape}" if isinstance(image, np.ndarray) else type(image).__name__
        raise UserError(f"the image {place} is {what}, not (H, W, 3) uint8")
    return image


def digest(image: np.ndarray) -> str:
    """Hex SHA-256 of the pixels and their shape."""
    return hashlib.sha256(str(image.shape).encode() + image.tobytes()).hexdigest()


def look(dataset: Dataset, place: Place, perceptual: bool = False) -> ImageFacts:
    """Read an image. Raises as `checked_image` does.

    Args:
        perceptual: hash what it looks like, too.
    """
    image = checked_image(dataset, place)
    blank = bool((image == image[:1, :1]).all())
    hashed = perceptual_hash(image) if perceptual and not blank else None
    return ImageFacts(digest(image), image.shape[:2], blank, hashed, int(image.max()) - int(image.min()))


def perceptual_hash(image: np.ndarray) -> np.ndarray:
    """(HASH_SIDE ** 2,) bool: the signs of its low frequencies around their median, which survive another size, brightness
    or compression. `image` is (H, W, 3) uint8."""
    import imagehash
    from PIL import Image

    found: np.ndarray = imagehash.phash(Image.fromarray(image), hash_size=HASH_SIDE).hash.ravel()
    return found


def in_threads(function: Callable[[Given], Result], among: Iterable[Given]) -> Iterator[Result]:
    """`function` of each, in their order; what it raises is raised here."""
    pool = ThreadPoolExecutor(READERS)
    try:
        yield from pool.map(function, among)
    finally:  # also where the caller stops, or Ctrl-C: thousands of images may be waiting
        pool.shutdown(cancel_futures=True)
