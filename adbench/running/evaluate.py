"""Check a detector's predictions, resize them to the evaluation size and measure them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
import torch.nn.functional as F

from adbench.contracts.detector import DetectorCard, Prediction
from adbench.contracts.metric import MetricCard
from adbench.contracts.protocol import EVALUATION_SIZE
from adbench.errors import UserError
from adbench.metrics.figures import Figures, image_figures, pixel_figures
from adbench.metrics.ranking import auroc
from adbench.results.brought import Brought, brought_figures

if TYPE_CHECKING:
    from adbench.contracts.images import ImageBatch


@dataclass(frozen=True)
class Truth:
    """The labels of a test set, in the order in which it is scored.

    Attributes:
        labels: (N,) bool, True = abnormal.
        masks: (N, EVALUATION_SIZE, EVALUATION_SIZE) bool, or None if the set has none.
        groups: (N,) subjects, or None if not all are known.
    """

    labels: np.ndarray
    masks: np.ndarray | None
    groups: np.ndarray | None = None


@dataclass
class Predictions:
    """All predictions of a test set.

    Attributes:
        scores: (N,) float64, raw.
        maps: (N, EVALUATION_SIZE, EVALUATION_SIZE) float32 or float64, raw; None if not given or not needed.
    """

    scores: np.ndarray
    maps: np.ndarray | None


@dataclass
class Collector:
    """Gathers the predictions of consecutive batches of N images.

    Maps go straight into one array: for a large set, a second copy would not fit into memory.
    """

    card: DetectorCard
    keep_maps: bool
    images: int
    _scores: list[np.ndarray] = field(default_factory=list)
    _maps: np.ndarray | None = None
    _mapped: int = 0

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
        if self.keep_maps and maps is not None:
            self._keep(maps.cpu().numpy(), sum(map(len, self._scores)))
        self._scores.append(scores.astype(np.float64))

    def result(self) -> Predictions:
        """Everything that was added."""
        scores = np.concatenate(self._scores)
        if self._maps is not None and self._mapped != len(scores):
            raise UserError(f"{self.card.name} gave maps for some batches only.")
        return Predictions(scores, self._maps)

    def _keep(self, maps: np.ndarray, start: int) -> None:
        if self._maps is None:
            self._maps = np.empty((self.images, *maps.shape[1:]), maps.dtype)
        elif self._maps.dtype != np.promote_types(self._maps.dtype, maps.dtype):
            # Raw maps decide: nothing is rounded to the type that came first. The part not filled yet is left alone.
            wider = np.empty(self._maps.shape, maps.dtype)
            wider[:start] = self._maps[:start]
            self._maps = wider
        self._maps[start : start + len(maps)] = maps
        self._mapped += len(maps)

    def _checked(self, values: Any, what: str, count: int, dimensions: int) -> torch.Tensor:
        tensor = torch.as_tensor(values).detach()
        if tensor.ndim != dimensions or len(tensor) != count or 0 in tensor.shape:
            shape = f"({count},)" if dimensions == 1 else f"({count}, h, w)"
            raise UserError(f"{self.card.name} gave {what} of shape {tuple(tensor.shape)} for {count} images, not {shape}.")
        if not tensor.is_floating_point():
            raise UserError(f"{self.card.name} gave {what} of type {tensor.dtype}, not floating point.")
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
    """Pair batches with predictions. Raises `UserError` if their numbers differ."""
    wanted = list(batches)
    collector = Collector(card, keep_maps, sum(map(len, wanted)))
    count = 0
    for count, prediction in enumerate(predictions, start=1):
        if count > len(wanted):
            break
        collector.add(len(wanted[count - 1]), prediction)
    if count != len(wanted):
        raise UserError(f"{card.name} gave {count} predictions for {len(wanted)} batches.")
    return collector.result()


def figures_of_plugins(cards: Sequence[MetricCard], predictions: Predictions, truth: Truth) -> Brought:
    """The figures of the plugins' metrics; pixel figures only with masks and maps."""
    found = brought_figures(cards, "image", truth.labels, predictions.scores)
    if truth.masks is None or predictions.maps is None:
        return found
    pixels = brought_figures(cards, "pixel", truth.masks, predictions.maps)
    return Brought(found.metrics | pixels.metrics, found.cards | pixels.cards)


def figures(predictions: Predictions, truth: Truth) -> Figures:
    """The figures of the catalogue with their intervals; pixel figures only with masks and maps."""
    found = image_figures(truth.labels, predictions.scores, truth.groups)
    if truth.masks is None or predictions.maps is None:
        return found
    pixels = pixel_figures(truth.masks, predictions.maps, truth.groups)
    return Figures(found.metrics | pixels.metrics, found.intervals | pixels.intervals)


def oracle_score(predictions: Predictions, truth: Truth) -> float:
    """What released code picks checkpoints by: image AUROC plus, with masks and maps, pixel AUROC; NaN with one class only."""
    score = auroc(truth.labels, predictions.scores)
    if truth.masks is not None and predictions.maps is not None:
        score += auroc(truth.masks, predictions.maps)
    return score
