"""What a cell's images become: the support that a detector gets, the truth that stays with the referee."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np

from adbench.contestant.brief import Brief, Group, sendable
from adbench.contracts.dataset import Dataset
from adbench.contracts.protocol import EVALUATION_SIZE
from adbench.data.maskmemory import MaskMemory
from adbench.data.pixelstore import Entry
from adbench.data.rowserver import DECODE_THREADS
from adbench.planning.cell import Cell
from adbench.planning.draws import Draw
from adbench.results.record import ScoreTable, known_subjects
from adbench.running.evaluate import Predictions, Truth
from adbench.running.images import draw_images
from adbench.running.independence import sample
from adbench.running.session import Session


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
    """What a contestant gets of the images of a cell, and what stays with the referee.

    Args:
        images: of the cell.
        masks: where masks are read from.
    """

    def __init__(self, images: CellImages, masks: MaskMemory) -> None:
        self.images = images
        self._masks = masks
        self._failures: tuple[list[Exception], ...] = ()

    @property
    def granted(self) -> list[Entry]:
        """The images of the support, in the order in which they are served."""
        return [entry for group in self.images.groups for entry in group]

    @property
    def tested(self) -> list[Entry]:
        """The test images, and once more those that are scored a second time."""
        test, twice = self.images.test, self.images.twice
        return [*test, *(test[row] for row in twice)]

    def brief(self, cell: Cell, session: Session) -> Brief:
        """What its contestant is told."""
        groups = []
        for group in self.images.groups:
            labels = np.array([entry.item.abnormal for entry in group], bool)
            card = group[0].dataset.card if group else cell.dataset
            groups.append(Group(labels, card.has_masks, card.class_name))
        normal, abnormal, valid, *auxiliary = groups
        return Brief(
            card=sendable(cell.detector, cell.parameters),
            parameters=cell.parameters,
            track=cell.track,
            k=cell.k,
            class_name=cell.dataset.class_name,
            normal=normal,
            abnormal=abnormal,
            valid=valid,
            auxiliary=tuple(auxiliary),
            tested=len(self.images.test),
            twice=len(self.images.twice),
            seed=cell.seed,
            device=session.device,
            precision=session.precision,
            batch_size=session.batch_size,
            threads=session.conduct.threads,
        )

    def truth(self, dataset: Dataset) -> Truth:
        """Labels, masks and subjects of the test images, which the detector never sees."""
        items = [entry.item for entry in self.images.test]
        masks = None
        if dataset.card.has_masks:
            with ThreadPoolExecutor(DECODE_THREADS) as pool:
                masks = self._masks.masks(self.images.test, (EVALUATION_SIZE, EVALUATION_SIZE), pool.map)
        return Truth(np.array([item.abnormal for item in items], bool), masks, known_subjects([item.group for item in items]))

    def watch(self, *failures: list[Exception]) -> None:
        """Lists in which those who serve images note why one could not be."""
        self._failures = failures

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
        for failures in self._failures:
            if failures:
                raise failures[0]


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
