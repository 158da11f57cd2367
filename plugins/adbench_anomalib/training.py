"""What the trained methods share: the order of images and the frozen features of a batch."""

from __future__ import annotations

from collections.abc import Iterator

import torch

from adbench import ImageBatch, UserError


def shuffled(images: ImageBatch, size: int, generator: torch.Generator) -> Iterator[ImageBatch]:
    """One epoch: all images once in a random order, `size` at a time; the last batch may be smaller."""
    order = torch.randperm(len(images), generator=generator).tolist()
    for start in range(0, len(order), size):
        yield images[order[start : start + size]]


def check_multiple(method: str, image_size: int, factor: int) -> None:
    """Raise `UserError` where an image side is no multiple of `factor` pixels."""
    if image_size % factor:
        nearest = max(1, round(image_size / factor)) * factor
        raise UserError(f"{method}.image_size = {image_size} is not a multiple of {factor}: use {nearest}.")
