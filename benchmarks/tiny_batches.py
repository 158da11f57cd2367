"""Training batches of the procedural world: scenes drawn once, then spoiled and finished afresh each time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.random import Generator
from torch import Tensor

from tiny_defects import KINDS, finish, spoil
from tiny_world import NAMES, ORGAN_LIKE, SIDE, Scene, draw


@dataclass(frozen=True)
class Batch:
    """B images: (B, 3, SIDE, SIDE) float32 in [0, 1], masks (B, SIDE, SIDE) float32 of 0 and 1, and (B,) int64 each:
    the name, and the kind of defect, -1 for a flawless image."""

    images: Tensor
    masks: Tensor
    names: Tensor
    kinds: Tensor


def scenes(rng: Generator, each: int) -> list[tuple[int, Scene]]:
    """`each` flawless scenes of every name, three times as many of the organ-like ones; kept as bytes."""
    numbers = [number for number, name in enumerate(NAMES) for _ in range(3 if name in ORGAN_LIKE else 1)]
    drawn = [(number, draw(NAMES[number], rng)) for _ in range(each) for number in numbers]
    return [(number, Scene(np.uint8(scene.image * 255), scene.foreground)) for number, scene in drawn]


def batches(rng: Generator, pool: list[tuple[int, Scene]], size: int, count: int) -> Iterator[Batch]:
    """`count` batches of `size` images, every second one spoiled; a third of the spoiled follow their flawless self.

    Defects are three times as strong at first and come down to their own strength by the middle.
    """
    for number in range(count):
        strength = 1 + 2 * max(0.0, 1 - 2 * number / count)
        chosen = rng.integers(len(pool), size=size)
        twins = np.flatnonzero(rng.random(size // 2) < 1 / 3)
        chosen[twins * 2 + 1] = chosen[twins * 2]
        yield stack([picture(rng, *pool[place], position % 2 * strength) for position, place in enumerate(chosen)])


def picture(rng: Generator, name: int, scene: Scene, strength: float) -> tuple[np.ndarray, np.ndarray, int, int]:
    """A scene turned and mirrored, spoiled unless `strength` is 0, and finished: image, mask, name and kind."""
    image, foreground = np.float32(scene.image) / 255, scene.foreground
    mask, kind = np.zeros((SIDE, SIDE), bool), -1
    if rng.random() < 0.5:
        image, foreground = image[:, ::-1], foreground[:, ::-1]
    if rng.random() < 0.5:
        turns = int(rng.integers(1, 4))
        image, foreground = np.rot90(image, turns), np.rot90(foreground, turns)
    if strength:
        image, mask, kind = spoil(rng, image, foreground, strength)
        while rng.random() < 0.4:
            image, second, kind = spoil(rng, image, foreground, strength)
            mask = mask | second
    return finish(rng, image), mask, name, kind


def stack(pictures: list[tuple[np.ndarray, np.ndarray, int, int]]) -> Batch:
    """Pictures as one batch."""
    images, masks, names, kinds = zip(*pictures, strict=True)
    return Batch(
        torch.from_numpy(np.stack(images)).permute(0, 3, 1, 2).contiguous(),
        torch.from_numpy(np.stack(masks)).float(),
        torch.tensor(names),
        torch.tensor(kinds),
    )


N_KINDS = len(KINDS)
