"""What becomes of a detector's predictions: checked, resized to the evaluation size, scored."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
import torch.nn.functional as F

from adbench.detector import DetectorCard, Prediction
from adbench.errors import UserError
from adbench.metrics.ranking import auroc
from adbench.protocol import EVALUATION_SIZE

if TYPE_CHECKING:
    from adbench.images import ImageBatch


@dataclass(frozen=True)
class Truth:
    """The labels of a test set, in the order in which it is scored.

    Attributes:
        labels: (N,) bool, True = abnormal.
        masks: (N, EVALUATION_SIZE, EVALUATION_SIZE) bool, or None where the set has none.
    """

    labels: np.ndarray
    masks: np.ndarray | None


@dataclass
class Predictions:
    """All predictions of a test set.

    Attributes:
        scores: (N,) float64, raw.
        maps: (N, EVALUATION_SIZE, EVALUATION_SIZE) float32 or float64, raw; None where not given or not needed.
    """

    scores: np.ndarray
    maps: np.ndarray | None


@dataclass
class Collector:
    """Gathers the predictions of consecutive batches."""

    card: DetectorCard
    keep_maps: bool
    scores: list[np.ndarray] = field(default_factory=list)
    maps: list[np.ndarray] = field(default_factory=list)

    def add(self, batch_size: int, prediction: Prediction) -> None:
        """Check one prediction and keep it. Raises `UserError` that names the method and what is wrong."""
        maps = None
        if prediction.maps is not None:
            maps = self._checked(prediction.maps, "maps", batch_size, 3)
            maps = resize_maps(maps)
        if prediction.scores is not None:
            scores = self._checked(prediction.scores, "scores", batch_size, 1).cpu().numpy()
        elif maps is not None and self.card.map_score:
            reduce = torch.amax if self.card.map_score == "max" else torch.mean
            scores = reduce(maps, dim=(1, 2)).cpu().numpy()
        else:
            raise UserError(f"{self.card.name} gave no scores, and its card does not say how a map becomes one (map_score).")
        self.scores.append(scores.astype(np.float64))
        if self.keep_maps and maps is not None:
            self.maps.append(maps.cpu().numpy())

    def result(self) -> Predictions:
        """Everything that was added."""
        if self.maps and len(self.maps) != len(self.scores):
            raise UserError(f"{self.card.name} gave maps for some batches only.")
        return Predictions(np.concatenate(self.scores), np.concatenate(self.maps) if self.maps else None)

    def _checked(self, values: Any, what: str, count: int, dimensions: int) -> torch.Tensor:
        tensor = torch.as_tensor(values).detach()
        if tensor.ndim != dimensions or len(tensor) != count or 0 in tensor.shape:
            shape = f"({count},)" if dimensions == 1 else f"({count}, h, w)"
            raise UserError(f"{self.card.name} gave {what} of shape {tuple(tensor.shape)} for {count} images: {shape} is wanted.")
        if not tensor.is_floating_point():
            raise UserError(f"{self.card.name} gave {what} of type {tensor.dtype}: floating point is wanted.")
        if tensor.dtype not in (torch.float32, torch.float64):
            tensor = tensor.float()
        if not bool(torch.isfinite(tensor).all()):
            raise UserError(f"{self.card.name} gave {what} that are NaN or infinite.")
        return tensor


def resize_maps(maps: torch.Tensor) -> torch.Tensor:
    """(B, h, w) to (B, EVALUATION_SIZE, EVALUATION_SIZE), bilinear, pixel centres aligned as `align_corners=False`."""
    size = (EVALUATION_SIZE, EVALUATION_SIZE)
    if maps.shape[1:] == size:
        return maps
    return F.interpolate(maps[:, None], size=size, mode="bilinear", align_corners=False)[:, 0]


def collect(card: DetectorCard, keep_maps: bool, batches: Iterable[ImageBatch], predictions: Iterable[Prediction]) -> Predictions:
    """Pair batches with predictions. Raises `UserError` where their numbers differ."""
    collector = Collector(card, keep_maps)
    wanted = list(batches)
    count = 0
    for count, prediction in enumerate(predictions, start=1):
        if count > len(wanted):
            break
        collector.add(len(wanted[count - 1]), prediction)
    if count != len(wanted):
        raise UserError(f"{card.name} gave {count} predictions for {len(wanted)} batches.")
    return collector.result()


def metrics(predictions: Predictions, truth: Truth) -> dict[str, float]:
    """`image_auroc` and, where there are masks and maps, `pixel_auroc`: exact, on raw scores; NaN where a class is lacking."""
    figures = {"image_auroc": auroc(truth.labels, predictions.scores)}
    if truth.masks is not None and predictions.maps is not None:
        figures["pixel_auroc"] = auroc(truth.masks, predictions.maps)
    return figures
