"""Thumbnails of images, masks and anomaly maps as data URIs."""

from __future__ import annotations

import base64
import io
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

SIDE = 128
QUALITY = 68
# Dark violet over red to light yellow: lightness grows steadily, so it can be read without colour too.
ANCHORS = np.array([(8, 6, 40), (86, 15, 110), (187, 55, 84), (249, 142, 9), (252, 252, 164)], np.float64)
FAINT, STRONG = 0.45, 0.85  # how much of the image a low and a high map value cover


@dataclass(frozen=True)
class Picture:
    """What goes into an `<img>`."""

    uri: str
    width: int
    height: int
    alt: str

    @property
    def size(self) -> int:
        """Characters in the page."""
        return len(self.uri)


def image_picture(image: NDArray[np.uint8], alt: str) -> Picture:
    """(H, W, 3) uint8 as a small lossy WebP."""
    return _encode(_thumbnail(image), alt, "WEBP")


def mask_picture(mask: NDArray[np.bool_], alt: str) -> Picture:
    """(H, W) bool as a black and white PNG."""
    small = Image.fromarray(mask.astype(np.uint8) * 255).resize(_size(mask.shape), Image.Resampling.NEAREST)
    return _encode(small.convert("1"), alt, "PNG")


def map_picture(image: NDArray[np.uint8], values: NDArray[np.floating], low: float, high: float, alt: str) -> Picture:
    """An anomaly map laid over its image in grey.

    Args:
        image: (H, W, 3) uint8.
        values: (h, w), any size.
        low, high: values that get the lowest and the highest colour.
    """
    grey = np.asarray(_thumbnail(image).convert("L"), np.float64)[..., None]
    share = np.clip((values.astype(np.float32) - low) / max(high - low, 1e-12), 0, 1)
    size = (grey.shape[1], grey.shape[0])
    share = np.asarray(Image.fromarray(share).resize(size, Image.Resampling.BILINEAR), np.float64)[..., None]
    cover = FAINT + (STRONG - FAINT) * share
    blended = grey * (1 - cover) + _colours(share[..., 0]) * cover
    return _encode(Image.fromarray(blended.round().astype(np.uint8)), alt, "WEBP")


def _colours(share: NDArray[np.float64]) -> NDArray[np.float64]:
    stops = np.linspace(0, 1, len(ANCHORS))
    return np.stack([np.interp(share, stops, channel) for channel in ANCHORS.T], axis=-1)


def _thumbnail(image: NDArray[np.uint8]) -> Image.Image:
    return Image.fromarray(image).resize(_size(image.shape), Image.Resampling.LANCZOS)


def _size(shape: tuple[int, ...]) -> tuple[int, int]:
    longest = max(shape[:2])
    height, width = (max(round(side * SIDE / longest), 1) for side in shape[:2])
    return width, height


def _encode(image: Image.Image, alt: str, kind: str) -> Picture:
    sink = io.BytesIO()
    image.save(sink, kind, **({"quality": QUALITY, "method": 6} if kind == "WEBP" else {"optimize": True}))
    uri = f"data:image/{kind.lower()};base64,{base64.b64encode(sink.getvalue()).decode()}"
    width, height = image.size
    return Picture(uri, width, height, alt)
