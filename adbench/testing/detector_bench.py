"""A detector on the bench: fitted on small procedural images as in a run, and asked for scores."""

from __future__ import annotations

import shutil
import tempfile
import weakref
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from adbench.contracts.detector import Context, Detector, DetectorCard, Prediction
from adbench.contracts.images import ImageBatch, LabelledImages
from adbench.contracts.protocol import Support
from adbench.errors import UserError
from adbench.registry.parameters import build_parameters
from adbench.testing.checks import CheckFailed
from adbench.testing.memory import RecordingSource, labelled, unlabelled
from adbench.testing.pictures import Pictures, abnormal_pictures, mixed_pictures, normal_pictures

if TYPE_CHECKING:
    from adbench.registry.cards import Registry
    from adbench.running.evaluate import Predictions

Result = TypeVar("Result")

CLASS_NAME = "object"
SHOTS = 4
TRAIN_IMAGES = 12
TEST_IMAGES = 12  # of each label
BATCH_SIZE = 8
NONE = normal_pictures(0, 0)


@dataclass(frozen=True)
class Fitted:
    """A detector after `fit`, and the support it learned from."""

    detector: Detector
    support: Support
    context: Context


@dataclass
class DetectorBench:
    """State shared by the checks of a detector: a fit that several need is done once.

    Attributes:
        card: the detector's card.
        registry: all cards; used to resolve weights, offline.
        plugin: the module (or object) whose hook gave the card, or "" if the card was passed directly.
        preset, overrides: where the parameters come from.
        files: weights name to file, as in `--weights`.
        gpu: a second device to compare with, or None.
    """

    card: DetectorCard
    registry: Registry
    plugin: str = ""
    preset: str = "demo"
    overrides: Mapping[str, Any] = field(default_factory=dict)
    files: Mapping[str, Path] = field(default_factory=dict)
    device: str = "cpu"
    gpu: str | None = None
    _kept: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="adbench-check-"))
        weakref.finalize(self, shutil.rmtree, self._folder, ignore_errors=True)

    @cached_property
    def parameters(self) -> Any:
        """Parameters as in a cell of a run. Raises `UserError` for an override that is unknown or wrong."""
        return build_parameters(self.card, self.preset, self.overrides)

    @property
    def track(self) -> str:
        """The detector's usual track."""
        return self.card.tracks[0]

    @property
    def test(self) -> Pictures:
        """Normal and abnormal images that are in no support."""
        return self.once("test", lambda: mixed_pictures(TEST_IMAGES, seed=3))

    def once(self, name: str, make: Callable[[], Result]) -> Result:
        """The result of `make`, called once per name."""
        if name not in self._kept:
            self._kept[name] = make()
        kept: Result = self._kept[name]
        return kept

    def make(self) -> Detector:
        """A new detector, created as in a run."""
        from adbench.registry.factories import load_factory

        detector: Detector = load_factory(self.card.factory, self.card.title)(self.card, self.parameters)
        return detector

    def context(self, device: str | None = None) -> Context:
        """A context with an empty scratch folder and weights that are never downloaded."""
        from adbench.weights.resolver import WeightsResolver

        weights = WeightsResolver(self.registry.weights, self.files, offline=True)
        scratch = Path(tempfile.mkdtemp(dir=self._folder))
        return Context(device or self.device, 0, weights, scratch)

    def fit(self, support: Support, context: Context | None = None) -> Fitted:
        """Seed everything and fit a new detector."""
        from adbench.running.environment import seed_everything

        context = context or self.context()
        detector = self.make()
        seed_everything(context.seed)
        detector.fit(support, context)
        return Fitted(detector, support, context)

    def usual(self) -> Fitted:
        """The detector fitted in its usual track, once."""
        return self.once("usual", lambda: self.fit(self.support()))

    def support(
        self,
        track: str | None = None,
        normal: Pictures | None = None,
        abnormal: Pictures | None = None,
        valid: Pictures | None = None,
        masks: bool = True,
    ) -> Support:
        """A support with exactly what the track grants.

        Args:
            track: None = the usual one.
            normal, abnormal: images to learn from; under `zero-shot`, those of the other sets.
            valid: images left for model selection.
            masks: whether the sets have masks.
        """
        track = track or self.track
        count = TRAIN_IMAGES if track == "full-normal" else SHOTS
        normal = normal_pictures(count, seed=1) if normal is None else normal
        abnormal = abnormal_pictures(SHOTS, seed=1) if abnormal is None else abnormal
        valid = mixed_pictures(SHOTS, seed=2) if valid is None else valid

        def given(pictures: Pictures, class_name: str = CLASS_NAME) -> LabelledImages:
            source = RecordingSource(pictures.images, pictures.masks if masks else None)
            return labelled(source, len(pictures), pictures.labels, masks, class_name)

        if track == "zero-shot":
            # Two other sets if there are enough images.
            both = normal + abnormal
            parts = (both[0::2], both[1::2]) if len(normal) > 1 else (both,)
            others = tuple(given(part, f"other {CLASS_NAME} {i}") for i, part in enumerate(parts) if len(part))
            return Support(track, 0, CLASS_NAME, given(NONE), given(NONE), others, given(NONE))
        granted = abnormal if track == "few-shot" else NONE
        k = 0 if track == "full-normal" else max(len(normal), len(granted))
        return Support(track, k, CLASS_NAME, given(normal), given(granted), (), given(valid))

    def scores(self, fitted: Fitted, images: Pictures | Sequence[np.ndarray], batch_size: int = BATCH_SIZE) -> Predictions:
        """Scores (N,) and maps (N, 240, 240) of images, checked as the runner checks them."""
        pixels = images.images if isinstance(images, Pictures) else images
        return self.collected(fitted, list(unlabelled(pixels).batches(batch_size)))

    def batches(self) -> list[ImageBatch]:
        """New batches of the test images."""
        return list(unlabelled(self.test.images).batches(BATCH_SIZE))

    def collected(self, fitted: Fitted, batches: list[ImageBatch]) -> Predictions:
        """The predictions of the batches, checked and concatenated."""
        from adbench.running.evaluate import collect

        return collect(self.card, True, batches, self.predictions(fitted, batches))

    def predictions(self, fitted: Fitted, batches: list[ImageBatch]) -> list[Prediction]:
        """What the detector returns, unchecked."""
        import torch

        detector = fitted.detector
        with torch.no_grad():
            if self.card.checkpoint(self.parameters) != "test-oracle":
                return list(detector.predict_all(iter(batches)))
        found = [list(predictions) for predictions in detector.predict_checkpoints(lambda: iter(batches))]
        if not found:
            raise UserError(f"{self.card.name} gave no checkpoint to choose from.")
        return found[-1]

    def usual_scores(self) -> Predictions:
        """Scores of the test images by the detector fitted in its usual track, computed once."""
        return self.once("usual scores", lambda: self.scores(self.usual(), self.test))


def demand_same(wanted: Predictions, got: Predictions, when: str, exact: bool = False, tolerance: float = 1e-4) -> None:
    """Raise `CheckFailed` where scores or maps differ by more than rounding.

    Args:
        when: completes "scores differ ...".
        exact: bit for bit.
        tolerance: share of the spread of the values that may differ.
    """
    from adbench.running.independence import Tolerance, allowed_difference

    if (wanted.maps is None) != (got.maps is None):
        raise CheckFailed(f"maps are given in one case and not in the other {when}")
    for what in ("scores", "maps"):
        one, other = getattr(wanted, what), getattr(got, what)
        if one is None:
            continue
        allowed = 0.0 if exact else allowed_difference(one, Tolerance(tolerance))
        difference = float(np.abs(one - other).max())
        if difference > allowed:
            raise CheckFailed(f"{what} differ by up to {difference:.3g} (they spread over {float(np.ptp(one)):.3g}) {when}")
