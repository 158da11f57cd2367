"""Detectors for tests of the conformance kit: one correct, and for every check one that fails only that."""

from __future__ import annotations

import gc
import socket
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

import adbench

SIDE = 32


@dataclass(frozen=True)
class FairParameters:
    """Parameters of the correct one."""

    sharpness: float = adbench.parameter(1.0, "power of the differences")
    weights: str = adbench.parameter("", "named weights, not used")


class Fair(adbench.Detector):
    """Difference from the mean of the normal images; passes every check."""

    def fit(self, support: adbench.Support, ctx: adbench.Context) -> None:
        """Keep the mean and the typical difference from it."""
        normal = self.normal_pixels(support)
        self.mean = normal.mean(axis=0)
        self.scale = float(np.abs(normal - self.mean).mean()) + 1.0

    def normal_pixels(self, support: adbench.Support) -> np.ndarray:
        """(N, 3, SIDE, SIDE) of the granted normal images."""
        parts = (support.normal, *support.auxiliary)
        pixels = [part[np.flatnonzero(~part.labels)].pixels(SIDE) for part in parts if not part.labels.all()]
        if not pixels:
            raise adbench.UserError(f"{self.card.name} learns from normal images, and there are none: choose another track.")
        return np.concatenate(pixels).astype(float)

    def predict(self, batch: adbench.ImageBatch) -> adbench.Prediction:
        """Maps (B, SIDE, SIDE) and their 98 % quantile."""
        maps = np.abs(batch.pixels(SIDE).astype(float) - self.mean).mean(axis=1) / self.scale
        return adbench.Prediction(np.quantile(maps, 0.98, axis=(1, 2)), maps)

    def state_dict(self) -> dict[str, torch.Tensor]:
        """Mean and scale."""
        return {"mean": torch.tensor(self.mean), "scale": torch.tensor(self.scale, dtype=torch.float64)}

    def load_state_dict(self, state: Mapping[str, torch.Tensor], ctx: adbench.Context) -> None:
        """Mean and scale."""
        self.mean, self.scale = state["mean"].numpy(), float(state["scale"])


class Silent(Fair):
    """Gives no maps, whatever the card says."""

    def predict(self, batch: adbench.ImageBatch) -> adbench.Prediction:
        return adbench.Prediction(super().predict(batch).scores)


class NotFinite(Fair):
    """Divides by zero."""

    def predict(self, batch: adbench.ImageBatch) -> adbench.Prediction:
        found = super().predict(batch)
        return adbench.Prediction(found.scores + np.where(np.arange(len(batch)) == 0, np.nan, 0), found.maps)


class TooFew(Fair):
    """Forgets the last image of a batch."""

    def predict(self, batch: adbench.ImageBatch) -> adbench.Prediction:
        found = super().predict(batch)
        return adbench.Prediction(found.scores[:-1], found.maps)


class FlatMaps(Fair):
    """Maps without rows and columns."""

    def predict(self, batch: adbench.ImageBatch) -> adbench.Prediction:
        found = super().predict(batch)
        return adbench.Prediction(found.scores, found.maps.reshape(len(batch), -1))


class Integers(Fair):
    """Scores that are whole numbers, so that many are tied."""

    def predict(self, batch: adbench.ImageBatch) -> adbench.Prediction:
        found = super().predict(batch)
        return adbench.Prediction(found.scores.astype(int), found.maps)


class BareArrays(Fair):
    """Returns scores as a bare array."""

    def predict(self, batch: adbench.ImageBatch) -> adbench.Prediction:
        return super().predict(batch).scores


class LosesBatches(Fair):
    """Leaves the last batch out."""

    def predict_all(self, batches: Iterable[adbench.ImageBatch]) -> Iterator[adbench.Prediction]:
        yield from list(super().predict_all(batches))[:-1]


class UpsideDown(Fair):
    """Scores how normal an image is."""

    def predict(self, batch: adbench.ImageBatch) -> adbench.Prediction:
        found = super().predict(batch)
        return adbench.Prediction(-found.scores, found.maps)


class MapUpsideDown(Fair):
    """Maps show how normal a pixel is."""

    def predict(self, batch: adbench.ImageBatch) -> adbench.Prediction:
        found = super().predict(batch)
        return adbench.Prediction(found.scores, -found.maps)


class Unseeded(Fair):
    """Takes its seed from the clock."""

    def fit(self, support: adbench.Support, ctx: adbench.Context) -> None:
        super().fit(support, ctx)
        self.mean = self.mean + np.random.default_rng().normal(0, 0.01, self.mean.shape)


class BatchNormaliser(Fair):
    """Normalises over the batch."""

    def predict(self, batch: adbench.ImageBatch) -> adbench.Prediction:
        found = super().predict(batch)
        return adbench.Prediction(found.scores - found.scores.mean(), found.maps)


class TestSetNormaliser(Fair):
    """Normalises over the whole test set, in any batches."""

    def predict_all(self, batches: Iterable[adbench.ImageBatch]) -> Iterator[adbench.Prediction]:
        found = list(super().predict_all(batches))
        mean = np.concatenate([prediction.scores for prediction in found]).mean()
        for prediction in found:
            yield adbench.Prediction(prediction.scores - mean, prediction.maps)


class IdReader(Fair):
    """Scores by id."""

    def predict(self, batch: adbench.ImageBatch) -> adbench.Prediction:
        found = super().predict(batch)
        return adbench.Prediction(found.scores + 0.01 * np.array([int(name) for name in batch.ids]), found.maps)


class PixelMutator(Fair):
    """Changes its input in place."""

    def predict(self, batch: adbench.ImageBatch) -> adbench.Prediction:
        found = super().predict(batch)
        batch.pixels(SIDE)[:] = 0
        return found


class SupportMutator(Fair):
    """Fills the masks that it learns from."""

    def fit(self, support: adbench.Support, ctx: adbench.Context) -> None:
        super().fit(support, ctx)
        support.abnormal.masks(SIDE)[:] = True


class Running(Fair):
    """Adapts to what it has scored so far."""

    def predict(self, batch: adbench.ImageBatch) -> adbench.Prediction:
        found = super().predict(batch)
        self.mean = 0.9 * self.mean + 0.1 * batch.pixels(SIDE).mean(axis=0)
        return found


class LabelMutator(Fair):
    """Changes the labels of the support."""

    def fit(self, support: adbench.Support, ctx: adbench.Context) -> None:
        super().fit(support, ctx)
        support.normal.labels[:] = True


class OtherOnGpu(Fair):
    """Computes something else on a second device."""

    def load_state_dict(self, state: Mapping[str, torch.Tensor], ctx: adbench.Context) -> None:
        super().load_state_dict(state, ctx)
        self.scale *= 1.0 if ctx.device == "cpu" else 1.5


class NeedsTwo(Fair):
    """Divides by the number of images minus one."""

    def fit(self, support: adbench.Support, ctx: adbench.Context) -> None:
        super().fit(support, ctx)
        normal = self.normal_pixels(support)
        self.scale = float(((normal - self.mean) ** 2).sum() / (len(normal) - 1)) ** 0.5 + 1 if len(normal) != 1 else float("nan")


class NeedsPixels(Fair):
    """Weighs by the share of abnormal pixels at its own resolution."""

    def fit(self, support: adbench.Support, ctx: adbench.Context) -> None:
        super().fit(support, ctx)
        if len(support.abnormal) and support.abnormal.has_masks:
            self.scale /= float(support.abnormal.masks(8).mean()) or float("nan")


class NeedsContrast(Fair):
    """Divides every image by its deviation."""

    def predict(self, batch: adbench.ImageBatch) -> adbench.Prediction:
        found = super().predict(batch)
        deviation = batch.pixels(SIDE).std(axis=(1, 2, 3))
        with np.errstate(invalid="ignore", divide="ignore"):
            return adbench.Prediction(found.scores / np.where(deviation > 0, 1.0, np.nan), found.maps)


class NeedsSquare(Fair):
    """Looks at the size of the source's arrays."""

    def fit(self, support: adbench.Support, ctx: adbench.Context) -> None:
        super().fit(support, ctx)
        np.stack(support.normal._source._images)


class Crashing(Fair):
    """Crashes on an empty support."""

    def normal_pixels(self, support: adbench.Support) -> np.ndarray:
        return super().normal_pixels(support) if len(support.normal) else np.zeros((0, 3, SIDE, SIDE))[[0]]


class Careless(Fair):
    """Accepts the mean of nothing."""

    def normal_pixels(self, support: adbench.Support) -> np.ndarray:
        return super().normal_pixels(support) if len(support.normal) else np.full((1, 3, SIDE, SIDE), np.nan)


class LabelReader(Fair):
    """Asks the batch for labels."""

    def predict(self, batch: adbench.ImageBatch) -> adbench.Prediction:
        labels = getattr(batch, "labels", np.zeros(len(batch)))
        found = super().predict(batch)
        return adbench.Prediction(found.scores + labels, found.maps)


class Oracle(Fair):
    """Finds the labels in the memory of the process."""

    def predict(self, batch: adbench.ImageBatch) -> adbench.Prediction:
        found = super().predict(batch)
        known = [thing for thing in gc.get_objects() if type(thing) is adbench.LabelledImages and len(thing) == len(batch)]
        bonus = known[-1].labels.astype(float) if known else 0.0
        return adbench.Prediction(found.scores + bonus, found.maps)


class DiskOracle(Fair):
    """Looks for the test set in the user's data."""

    def predict(self, batch: adbench.ImageBatch) -> adbench.Prediction:
        import os

        sum(1 for _ in Path(os.environ.get("ADBENCH_DATA", ".")).rglob("*.png"))
        return super().predict(batch)


class Greedy(Fair):
    """Also learns from the validation images."""

    def normal_pixels(self, support: adbench.Support) -> np.ndarray:
        valid = support.valid[np.flatnonzero(~support.valid.labels)]
        return np.concatenate([super().normal_pixels(support), valid.pixels(SIDE)])


class Forgetful(Fair):
    """Saves half of its state."""

    def state_dict(self) -> dict[str, torch.Tensor]:
        return {**super().state_dict(), "scale": torch.tensor(1.0)}


class Stateless(Fair):
    """Saves nothing."""

    def state_dict(self) -> dict[str, torch.Tensor]:
        return {}


class Littering(Fair):
    """Writes next to the scratch folder."""

    def fit(self, support: adbench.Support, ctx: adbench.Context) -> None:
        super().fit(support, ctx)
        (ctx.scratch / "allowed.npy").write_bytes(b"")
        (ctx.scratch.parent / "features.npy").write_bytes(b"")


class LitteringTemp(Fair):
    """Leaves temporary files behind."""

    def predict(self, batch: adbench.ImageBatch) -> adbench.Prediction:
        np.save(Path(tempfile.mkdtemp()) / "features.npy", self.mean)
        return super().predict(batch)


class Calling(Fair):
    """Fetches weights by itself."""

    def fit(self, support: adbench.Support, ctx: adbench.Context) -> None:
        super().fit(support, ctx)
        try:
            socket.create_connection(("weights.invalid", 443), timeout=1)
        except OSError:
            return


CARD: dict[str, Any] = {
    "name": "fair",
    "title": "Fair",
    "factory": "faultydetectors:Fair",
    "tracks": ("few-shot", "full-normal", "few-normal", "zero-shot"),
    "parameters": FairParameters,
    "weight_parameters": ("weights",),
    "citation": "none",
    "licence": "MIT",
}


def card(**changes: Any) -> adbench.DetectorCard:
    """The card of the correct one, with changes."""
    return adbench.DetectorCard(**{**CARD, **changes})
