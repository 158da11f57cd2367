"""What a cell's draw becomes: the support that a detector gets, the truth that stays with the referee."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from adbench.contracts.dataset import Dataset
from adbench.contracts.images import LabelledImages
from adbench.contracts.protocol import EVALUATION_SIZE, Support
from adbench.data.pixelstore import Entry
from adbench.data.server import Decoder
from adbench.planning.cell import Cell
from adbench.planning.draws import Draw
from adbench.results.record import ScoreTable, known_subjects
from adbench.running.evaluate import Predictions, Truth


def groups(draw: Draw) -> list[list[Entry]]:
    """The groups of a draw in the order in which their images are served."""
    return [draw.normal, draw.abnormal, draw.valid, *draw.auxiliary]


def support_of(cell: Cell, draw: Draw, decoder: Decoder) -> Support:
    """What the detector gets of a draw; `decoder` serves the images of `groups(draw)`."""
    source, start, images = decoder.source(), 0, []
    for group in groups(draw):
        labels = np.array([entry.item.abnormal for entry in group], bool)
        card = group[0].dataset.card if group else cell.dataset
        rows = range(start, start + len(group))
        images.append(LabelledImages(source, rows, labels, card.has_masks, card.class_name))
        start += len(group)
    normal, abnormal, valid, *auxiliary = images
    return Support(cell.track, cell.k, cell.dataset.class_name, normal, abnormal, tuple(auxiliary), valid)


def truth_of(dataset: Dataset, test: list[Entry], referee: Decoder) -> Truth:
    """Labels, masks and subjects of the test images, which the detector never sees."""
    labels = np.array([entry.item.abnormal for entry in test], bool)
    size = (EVALUATION_SIZE, EVALUATION_SIZE)
    masks = referee.source().masks(range(len(test)), size) if dataset.card.has_masks else None
    return Truth(labels, masks, known_subjects([entry.item.group for entry in test]))


def reraise_first(decoders: Iterable[Decoder]) -> None:
    """Raise what kept a decoder from serving an image: the detector was told less."""
    for decoder in decoders:
        if decoder.failures:
            raise decoder.failures[0]


def counts_of(truth: Truth) -> dict[str, int]:
    """Test images by label, and abnormal pixels."""
    counts = {"normal": int((~truth.labels).sum()), "abnormal": int(truth.labels.sum())}
    if truth.masks is not None:
        counts["abnormal_pixels"] = int(truth.masks.sum())
    return counts


def score_table(test: list[Entry], predictions: Predictions) -> ScoreTable:
    """Scores, labels and subjects in the order of the dataset."""
    order = sorted(range(len(test)), key=lambda position: test[position].item.id)
    items = [test[position].item for position in order]
    labels = np.array([item.abnormal for item in items], bool)
    return ScoreTable([item.id for item in items], predictions.scores[order], labels, [item.group for item in items])
