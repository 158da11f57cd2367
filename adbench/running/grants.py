"""What a cell's images become: the support that a detector gets, the truth that stays with the referee."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Self

import numpy as np

from adbench.contracts.dataset import Dataset
from adbench.contracts.images import ImageBatch, LabelledImages
from adbench.contracts.protocol import EVALUATION_SIZE, Support
from adbench.data.pixelstore import Entry
from adbench.data.server import Decoder
from adbench.planning.cell import Cell
from adbench.planning.draws import Draw
from adbench.results.record import ScoreTable, known_subjects
from adbench.running.evaluate import Predictions, Truth
from adbench.running.images import draw_images
from adbench.running.independence import sample


@dataclass(frozen=True)
class CellImages:
    """The images of a cell.

    Attributes:
        draw: what its track grants.
        test: the test images in an order that reveals nothing.
        twice: positions among them that are scored a second time.
    """

    draw: Draw
    test: list[Entry]
    twice: list[int]

    @property
    def groups(self) -> list[list[Entry]]:
        """The groups of the draw in the order in which their images are served."""
        return [self.draw.normal, self.draw.abnormal, self.draw.valid, *self.draw.auxiliary]


def choose_images(cell: Cell, datasets: Mapping[str, Dataset]) -> CellImages:
    """Draw the support of a cell and shuffle its test images. Raises `UserError` if the set holds too few."""
    draw, test = draw_images(cell, datasets)
    return CellImages(draw, test, sample(len(test)))


class Grants:
    """Serves the images of a cell while it is open: to the detector only what its track grants."""

    def __init__(self, images: CellImages) -> None:
        self.images = images
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        test, twice = self.images.test, self.images.twice
        self._granted = self._serve([entry for group in self.images.groups for entry in group], masks=True)
        # Images that are scored a second time get new ids: a detector may have kept something under the first.
        self._unlabelled = self._serve([*test, *(test[row] for row in twice)], masks=False)
        self._referee = self._serve(test, masks=True)
        return self

    def __exit__(self, *exc: object) -> None:
        self._stack.close()

    def support(self, cell: Cell) -> Support:
        """What the detector may learn from."""
        source, start, images = self._granted.source(), 0, []
        for group in self.images.groups:
            labels = np.array([entry.item.abnormal for entry in group], bool)
            card = group[0].dataset.card if group else cell.dataset
            rows = range(start, start + len(group))
            images.append(LabelledImages(source, rows, labels, card.has_masks, card.class_name))
            start += len(group)
        normal, abnormal, valid, *auxiliary = images
        return Support(cell.track, cell.k, cell.dataset.class_name, normal, abnormal, tuple(auxiliary), valid)

    def test(self) -> ImageBatch:
        """The test images, without labels."""
        return ImageBatch(self._unlabelled.source(), range(len(self.images.test)))

    def again(self) -> ImageBatch:
        """The images that are scored a second time, under other ids."""
        first = len(self.images.test)
        return ImageBatch(self._unlabelled.source(), range(first, first + len(self.images.twice)))

    def truth(self, dataset: Dataset) -> Truth:
        """Labels, masks and subjects of the test images, which the detector never sees."""
        items = [entry.item for entry in self.images.test]
        size = (EVALUATION_SIZE, EVALUATION_SIZE)
        masks = self._referee.source().masks(range(len(items)), size) if dataset.card.has_masks else None
        return Truth(np.array([item.abnormal for item in items], bool), masks, known_subjects([item.group for item in items]))

    @contextmanager
    def true_cause(self) -> Iterator[None]:
        """Raise what kept an image from being served: a detector is told less, and may have continued without it."""
        try:
            yield
        except Exception:
            self._raise_failure()
            raise
        self._raise_failure()

    def _raise_failure(self) -> None:
        for decoder in (self._granted, self._unlabelled, self._referee):
            if decoder.failures:
                raise decoder.failures[0]

    def _serve(self, entries: list[Entry], masks: bool) -> Decoder:
        return self._stack.enter_context(Decoder(entries, masks))


def counts_of(truth: Truth) -> dict[str, int]:
    """Test images by label, and abnormal pixels."""
    counts = {"normal": int((~truth.labels).sum()), "abnormal": int(truth.labels.sum())}
    if truth.masks is not None:
        counts["abnormal_pixels"] = int(truth.masks.sum())
    return counts


def score_table(test: list[Entry], predictions: Predictions) -> ScoreTable:
    """Scores and what is known of the images, in the order of the dataset."""
    order = sorted(range(len(test)), key=lambda position: test[position].item.id)
    items = [test[position].item for position in order]
    return ScoreTable(
        ids=[item.id for item in items],
        scores=predictions.scores[order],
        labels=np.array([item.abnormal for item in items], bool),
        groups=[item.group for item in items],
        types=[item.type for item in items],
        sites=[item.site for item in items],
    )
