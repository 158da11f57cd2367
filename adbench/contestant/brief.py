"""The brief: all that a contestant is told of its cell."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from adbench.contracts.detector import DetectorCard
from adbench.contracts.images import ImageBatch, LabelledImages, PixelSource
from adbench.contracts.protocol import Support


@dataclass(frozen=True)
class Group:
    """Granted images of one kind, in the order in which they are served.

    Attributes:
        labels: (N,) bool, True = abnormal.
        has_masks: their set has pixel labels.
        class_name: of their set, for prompts.
    """

    labels: np.ndarray
    has_masks: bool
    class_name: str


@dataclass(frozen=True)
class Brief:
    """What a contestant is told: no name, path, id or test label of an image, no data root, no run folder.

    Attributes:
        card, parameters: the method. What the card computes from parameters is computed already, so that it can be sent.
        track, k, class_name: as in a `Support`.
        normal, abnormal, valid, auxiliary: what the track grants; their images are rows 0, 1, ... of the granted source.
        tested: test images, rows 0 to tested - 1 of the other source.
        twice: how many of them are scored a second time; they are the rows that follow.
        seed, device, precision, batch_size: of the cell.
        threads: of torch, the same for every cell of a run.
    """

    card: DetectorCard
    parameters: Any
    track: str
    k: int
    class_name: str
    normal: Group
    abnormal: Group
    valid: Group
    auxiliary: tuple[Group, ...]
    tested: int
    twice: int
    seed: int
    device: str
    precision: Literal["fp32", "bf16", "fp16"]
    batch_size: int
    threads: int

    def support(self, source: PixelSource) -> Support:
        """What the detector may learn from."""
        start, images = 0, []
        for group in (self.normal, self.abnormal, self.valid, *self.auxiliary):
            rows = range(start, start + len(group.labels))
            images.append(LabelledImages(source, rows, group.labels, group.has_masks, group.class_name))
            start += len(group.labels)
        normal, abnormal, valid, *auxiliary = images
        return Support(self.track, self.k, self.class_name, normal, abnormal, tuple(auxiliary), valid)

    def test(self, source: PixelSource) -> ImageBatch:
        """The test images."""
        return ImageBatch(source, range(self.tested))

    def again(self, source: PixelSource) -> ImageBatch:
        """The images that are scored a second time, under other ids: a detector may have kept something under the first."""
        return ImageBatch(source, range(self.tested, self.tested + self.twice))


def sendable(card: DetectorCard, parameters: Any) -> DetectorCard:
    """The card with the values of its functions in place of these: a function may be one that no other process finds."""
    return replace(
        card,
        own_weights=None,
        transductive=card.is_transductive(parameters),
        selection=card.checkpoint(parameters),
        random_weights=card.has_random_weights(parameters),
    )
