"""Training images of DRA: pseudo anomalies, a piece of an image moved within it, and rotation."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from PIL import Image
from torchvision.transforms import functional as TF

AREA = (0.02, 0.15)
ASPECT = (0.3, 1 / 0.3)
JITTER = 0.1
ADJUSTMENTS = (TF.adjust_brightness, TF.adjust_contrast, TF.adjust_saturation, TF.adjust_hue)

Box = tuple[int, int, int, int]


@dataclass(frozen=True)
class Patch:
    """A piece to move.

    Attributes:
        source, target: left, top, right, bottom, in pixels; right and bottom are outside.
        jitter: brightness, contrast, saturation and hue, in order of application: (index, factor).
    """

    source: Box
    target: Box
    jitter: tuple[tuple[int, float], ...]


def patch_size(area: float, aspect: float) -> tuple[int, int]:
    """Width and height in pixels of a piece of `area` square pixels with width / height = `aspect`."""
    return round(math.sqrt(area * aspect)), round(math.sqrt(area / aspect))


def box_at(size: tuple[int, int], top: float, left: float) -> Box:
    """The box of a (width, height) at a real-valued corner."""
    width, height = size
    return int(left), int(top), int(left) + width, int(top) + height


def draw_patch(side: int, rng: np.random.Generator) -> Patch:
    """Draw a piece of a square image: 2 to 15 % of its area, aspect log-uniform in 0.3 to 3.3, colours off by up to 0.1."""
    area = rng.uniform(*AREA) * side**2
    size = patch_size(area, math.exp(rng.uniform(*np.log(ASPECT))))
    width, height = size
    source, target = (box_at(size, rng.uniform(0, side - height), rng.uniform(0, side - width)) for _ in range(2))
    centres = (1.0, 1.0, 1.0, 0.0)
    factors = [rng.uniform(centre - JITTER, centre + JITTER) for centre in centres]
    return Patch(source, target, tuple((int(index), float(factors[index])) for index in rng.permutation(len(factors))))


def cut_mix(image: np.ndarray, patch: Patch) -> np.ndarray:
    """Copy a piece of an image, its colours jittered, to another place of the same image.

    Args:
        image: (3, S, S) uint8.

    Returns:
        (3, S, S) uint8, a pseudo anomaly.
    """
    picture = Image.fromarray(image.transpose(1, 2, 0))
    piece = picture.crop(patch.source)
    for index, factor in patch.jitter:
        piece = ADJUSTMENTS[index](piece, factor)
    picture.paste(piece, patch.target)
    return np.asarray(picture).transpose(2, 0, 1)


def rotate(image: np.ndarray, degrees: float) -> np.ndarray:
    """(3, S, S) uint8, rotated counter-clockwise about its centre, nearest neighbour, black corners."""
    turned = Image.fromarray(image.transpose(1, 2, 0)).rotate(degrees, Image.Resampling.NEAREST)
    return np.asarray(turned).transpose(2, 0, 1)
