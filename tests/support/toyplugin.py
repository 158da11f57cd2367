"""A test plugin: two small sets, and detectors that each work, fail, or cheat in one way."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import numpy as np

import adbench
from adbench.contracts.dataset import Split
from adbench.registry.cards import Registry, load_registry
from adbench.registry.loading import Plugins, load_plugins

SIDE = 20


class ToySet(adbench.Dataset):
    """Grey noise; abnormal images have a bright square in varying places."""

    sizes: Mapping[Split, tuple[int, int]] = {"train": (6, 0), "valid": (5, 5), "test": (8, 8)}

    def items(self, split: Split) -> list[adbench.Item]:
        """Normal, then abnormal items."""
        normal, abnormal = self.sizes[split]
        items = [adbench.Item(f"good/{i}", False, group=f"s{i // 2}") for i in range(normal)]
        return items + [adbench.Item(f"Ungood/{i}", True, group=f"a{i // 2}") for i in range(abnormal)]

    def image(self, split: Split, item: adbench.Item) -> np.ndarray:
        """Noise, plus the square of an abnormal item."""
        image = self._noise(split, item)
        if item.abnormal:
            image[self.mask(split, item)] += 90
        return image

    def mask(self, split: Split, item: adbench.Item) -> np.ndarray:
        """The square."""
        mask = np.zeros((SIDE, SIDE), bool)
        corner = 2 + int(item.id.split("/")[1]) % 8
        mask[corner : corner + 6, 4:10] = item.abnormal
        return mask

    def fingerprint(self) -> str:
        """The name decides everything."""
        return f"{self.card.name}-1".encode().hex().ljust(64, "0")

    def _noise(self, split: Split, item: adbench.Item) -> np.ndarray:
        seed = [*split.encode(), *item.id.encode()]
        grey = np.random.default_rng(seed).integers(60, 120, (SIDE, SIDE, 1), np.uint8)
        return np.repeat(grey, 3, axis=2)


class BrokenSet(ToySet):
    """One test image cannot be read."""

    def image(self, split: Split, item: adbench.Item) -> np.ndarray:
        """All but one."""
        if split == "test" and item.id == "Ungood/3":
            raise adbench.UserError("/data/test/Ungood/3.png is truncated: copy it again.")
        return super().image(split, item)


class AbsentSet(ToySet):
    """Not on disk."""

    def absence(self) -> str:
        """Why."""
        return "toy-absent is not here: fetch it from the shelf."


@dataclass(frozen=True)
class PeakParameters:
    """Parameters of the peak detector."""

    scale: float = adbench.parameter(1.0, "multiplies scores")
    weights: str = adbench.parameter("", "named weights, not used")
    sizes: tuple[int, ...] = adbench.parameter((16,), "sides to look at")


class Peak(adbench.Detector):
    """Brightness above the normal mean: finds the squares."""

    def fit(self, support: adbench.Support, ctx: adbench.Context) -> None:
        """The mean of the normals."""
        granted = support.normal if len(support.normal) else support.auxiliary[0]
        self.mean = float(granted.pixels(16).mean())

    def predict(self, batch: adbench.ImageBatch) -> adbench.Prediction:
        """Map: brightness; score: its 95 % quantile."""
        maps = batch.pixels(16).mean(axis=1, dtype=np.float64) - self.mean
        return adbench.Prediction(np.quantile(maps, 0.95, axis=(1, 2)) * self.parameters.scale, maps)


class Crash(Peak):
    """Fails in fit."""

    def fit(self, support: adbench.Support, ctx: adbench.Context) -> None:
        """Fail."""
        raise ZeroDivisionError("a bug in the plugin")


class Wrong(Peak):
    """Returns what `parameters` says is wrong."""

    def predict(self, batch: adbench.ImageBatch) -> adbench.Prediction:
        """Output that the runner must refuse."""
        scores = np.zeros(len(batch))
        kind = self.parameters.kind
        if kind == "nan":
            scores[0] = np.nan
        if kind == "inf":
            scores[-1] = np.inf
        if kind == "few":
            scores = scores[:-1]
        if kind == "shape":
            scores = scores[:, None]
        if kind == "integer":
            scores = scores.astype(int)
        if kind == "none":
            return adbench.Prediction(None)
        if kind == "maps":
            return adbench.Prediction(scores, np.full((len(batch), 4, 4), np.nan))
        return adbench.Prediction(scores)


@dataclass(frozen=True)
class WrongParameters:
    """What to do wrong."""

    kind: str = adbench.parameter("nan", "what is wrong")


class Oracle(Peak):
    """Scores three checkpoints; the second is best."""

    def predict_checkpoints(self, batches: Any) -> Iterator[list[adbench.Prediction]]:
        """Noise, the truth as Peak sees it, noise."""
        rng = np.random.default_rng(0)
        for sign in (-1, 1, 0):
            yield [
                adbench.Prediction(sign * peak.scores + 0.01 * rng.random(len(peak.scores)), sign * peak.maps)
                for peak in (self.predict(batch) for batch in batches())
            ]


HERE = "toyplugin"
MASKED = {"has_masks": True, "groups": ("toys",), "synthetic": True}


@adbench.hookimpl
def adbench_detectors() -> list[adbench.DetectorCard]:
    """All of them."""
    tracks = ("few-normal", "full-normal", "few-shot", "zero-shot")
    return [
        adbench.DetectorCard(
            name="peak",
            title="Peak",
            factory=f"{HERE}:Peak",
            tracks=tracks,
            parameters=PeakParameters,
            presets={"demo": {"scale": 2.0}},
            weight_parameters=("weights",),
        ),
        adbench.DetectorCard(
            name="distant", title="Distant", factory=f"{HERE}:Peak", tracks=tracks, requires={"no_such_package": "pip install it"}
        ),
        adbench.DetectorCard(
            name="own",
            title="Own",
            factory=f"{HERE}:Peak",
            tracks=tracks,
            parameters=PeakParameters,
            own_weights=lambda card, parameters, weights: ["toy-weights"],
        ),
        adbench.DetectorCard(name="crash", title="Crash", factory=f"{HERE}:Crash", tracks=tracks),
        adbench.DetectorCard(name="wrong", title="Wrong", factory=f"{HERE}:Wrong", tracks=tracks, parameters=WrongParameters),
        adbench.DetectorCard(
            name="masky",
            title="Masky",
            factory=f"{HERE}:Peak",
            tracks=("few-shot",),
            parameters=PeakParameters,
            packages=("timm",),
            needs_masks=True,
        ),
        adbench.DetectorCard(
            name="oracle",
            title="Oracle",
            factory=f"{HERE}:Oracle",
            tracks=tracks,
            parameters=PeakParameters,
            selection="test-oracle",
            transductive=True,
        ),
    ]


@adbench.hookimpl
def adbench_datasets() -> list[adbench.DatasetCard]:
    """Three in the group `toys`, two outside it."""
    return [
        adbench.DatasetCard(name="toy-a", title="Toy A", factory=f"{HERE}:ToySet", modality="A", **MASKED),
        adbench.DatasetCard(name="toy-b", title="Toy B", factory=f"{HERE}:ToySet", modality="B", **MASKED),
        adbench.DatasetCard(
            name="toy-plain", title="Plain", factory=f"{HERE}:ToySet", modality="A", groups=("toys",), synthetic=True
        ),
        adbench.DatasetCard(name="toy-broken", title="Broken", factory=f"{HERE}:BrokenSet", has_masks=True),
        adbench.DatasetCard(name="toy-absent", title="Absent", factory=f"{HERE}:AbsentSet", groups=("shelf",)),
    ]


@adbench.hookimpl
def adbench_weights() -> list[adbench.WeightsCard]:
    """One that does not exist anywhere."""
    return [adbench.WeightsCard(name="toy-weights", file="toy.safetensors")]


def entry_point(name: str = "toys", module: str = HERE) -> EntryPoint:
    """As if it were installed."""
    return EntryPoint(name, module, "adbench")


def toy_plugins() -> Plugins:
    """Only the toy plugin, loaded."""
    return load_plugins([entry_point()])


def toy_registry() -> Registry:
    """The cards of the toy plugin."""
    return load_registry(toy_plugins())


def files_below(folder: Path) -> dict[str, bytes]:
    """Relative name to content."""
    return {str(f.relative_to(folder)): f.read_bytes() for f in sorted(folder.rglob("*")) if f.is_file()}
