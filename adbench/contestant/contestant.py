"""The contestant: a detector, and what a referee may have it do. The only caller of `fit` and `predict`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any, Protocol, Self

import torch

from adbench.contestant.brief import Brief
from adbench.contestant.conditions import peak_memory_mb, seed_everything
from adbench.contestant.costs import Meter, gflop_per_image
from adbench.contracts.detector import Context, Detector, Prediction
from adbench.contracts.images import ImageBatch, PixelSource
from adbench.contracts.weights import Weights
from adbench.registry.factories import load_factory

Progress = Callable[[Iterable[Any], str], Iterator[Any]]


class Contest(Protocol):
    """What a referee asks of a contestant, wherever that runs.

    Whatever the detector raises is raised here. Predictions are asked for one by one, so that each is checked as it comes.
    """

    def fit(self) -> None:
        """Learn from the support."""

    def predict(self) -> Iterator[Prediction]:
        """A prediction for each batch of the test set."""

    def checkpoints(self) -> Iterator[Iterable[Prediction]]:
        """The same for each checkpoint."""

    def again(self) -> Iterator[Iterable[Prediction]]:
        """For each image that is scored a second time its prediction, alone in a batch."""

    def state(self) -> dict[str, torch.Tensor]:
        """What was learned, as it is now."""

    def peak_memory_mb(self) -> float | None:
        """Peak memory so far; None if the platform does not tell."""

    def costs(self) -> dict[str, float]:
        """See `adbench.contestant.costs.Meter.cost`."""

    def gflop_per_image(self) -> float | None:
        """See `adbench.contestant.costs.gflop_per_image`."""


class Contestant:
    """The detector of a brief, in this process.

    Args:
        granted, tested: where the pixels of the support and of the test images come from.
        weights: named weights.
        scratch: an empty folder.
        progress: shows how far the detector is.
    """

    def __init__(
        self, brief: Brief, granted: PixelSource, tested: PixelSource, weights: Weights, scratch: Path, progress: Progress
    ) -> None:
        self._brief, self._granted, self._tested, self._progress = brief, granted, tested, progress
        self._context = Context(brief.device, brief.seed, weights, scratch, brief.precision, progress)
        self._meter = Meter(brief.device)

    def __enter__(self) -> Self:
        """Seed everything and build the detector."""
        card = self._brief.card
        seed_everything(self._brief.seed)
        self._meter.__enter__()
        try:
            self._detector: Detector = load_factory(card.factory, card.title)(card, self._brief.parameters)
        except BaseException:
            self._meter.__exit__()
            raise
        return self

    def __exit__(self, *exc: object) -> None:
        self._meter.__exit__()

    def fit(self) -> None:
        """See `Contest`; work that is queued on a GPU is done when it returns."""
        self._detector.fit(self._brief.support(self._granted), self._context)
        self._meter.settle()

    def predict(self) -> Iterator[Prediction]:
        """See `Contest`; to be read without gradients."""
        return self._detector.predict_all(self._progress(self._parts(), "predict"))

    def checkpoints(self) -> Iterator[Iterable[Prediction]]:
        """See `Contest`."""
        parts = self._parts()
        return self._detector.predict_checkpoints(lambda: iter(parts))

    def again(self) -> Iterator[Iterable[Prediction]]:
        """See `Contest`; to be read without gradients."""
        for image in self._brief.again(self._tested).batches(1):
            yield self._detector.predict_all(iter([image]))

    def state(self) -> dict[str, torch.Tensor]:
        """See `Contest`; copies, as what is scored afterwards must not change it."""
        return {name: tensor.detach().clone() for name, tensor in self._detector.state_dict().items()}

    def peak_memory_mb(self) -> float | None:
        """See `Contest`."""
        return peak_memory_mb()

    def costs(self) -> dict[str, float]:
        """See `Contest`."""
        return self._meter.cost()

    def gflop_per_image(self) -> float | None:
        """See `Contest`."""

        def scored(batch: ImageBatch) -> None:
            with torch.no_grad():
                for _ in self._detector.predict_all(iter([batch])):
                    pass

        return gflop_per_image(scored, self._brief.again(self._tested))

    def _parts(self) -> list[ImageBatch]:
        return list(self._brief.test(self._tested).batches(self._brief.batch_size))


def without_gradients(order: str) -> Any:
    """The context in which predictions of this kind are read: while checkpoints are scored, training goes on."""
    return nullcontext() if order == "checkpoints" else torch.no_grad()
