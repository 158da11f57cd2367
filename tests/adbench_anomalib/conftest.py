"""What the tests of these methods share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import timm
import torch
from PIL import Image
from safetensors.torch import save_file

from adbench import Context, Detector, DetectorCard, LabelledImages, Support, WeightsResolver
from adbench.registry.parameters import build_parameters
from adbench.testing import memory_images


@pytest.fixture
def context(tmp_path: Path) -> Callable[..., Context]:
    """Make a context on the CPU: `context(seed=0, given={})`."""
    from adbench_anomalib import adbench_weights

    def make(seed: int = 0, given: dict[str, Path] | None = None) -> Context:
        weights = WeightsResolver({card.name: card for card in adbench_weights()}, given=given, offline=True)
        return Context(device="cpu", seed=seed, weights=weights, scratch=tmp_path)

    return make


@pytest.fixture
def demo() -> Callable[..., Any]:
    """Parameters of a card under the demo preset with changes: `demo(card, image_size=64)`."""

    def make(card: DetectorCard, **changes: Any) -> Any:
        return build_parameters(card, "demo", changes)

    return make


@pytest.fixture
def normals() -> LabelledImages:
    """Six smooth random images."""
    return memory_images(smooth(6, seed=0))


@pytest.fixture
def queries() -> LabelledImages:
    """Four more, the last with a bright square."""
    pixels = smooth(4, seed=1)
    pixels[3, 20:40, 20:40] = 255
    return memory_images(pixels, labels=np.array([False, False, False, True]))


@pytest.fixture
def support() -> Callable[[LabelledImages], Support]:
    """A full-normal support."""

    def make(normal: LabelledImages) -> Support:
        nothing = normal[:0]
        return Support("full-normal", 0, "object", normal, nothing, (), nothing)

    return make


@pytest.fixture
def real_images(shared: Path) -> Callable[[str, int], LabelledImages]:
    """The first images of a folder of the real brain set: `real_images("train/good", 6)`."""

    def read(folder: str, count: int) -> LabelledImages:
        files = sorted((shared / "data" / "Brain_AD" / folder).rglob("*.png"))[:count]
        return memory_images(np.stack([np.asarray(Image.open(file).convert("RGB")) for file in files]))

    return read


@pytest.fixture
def resnet18(tmp_path: Path) -> Path:
    """A file with random weights of a small ResNet that anomalib knows."""
    with torch.random.fork_rng():
        torch.manual_seed(11)
        save_file(timm.create_model("resnet18", num_classes=0).state_dict(), tmp_path / "resnet18")
    return tmp_path / "resnet18"


def predicted(detector: Detector, images: LabelledImages) -> tuple[np.ndarray, np.ndarray]:
    """Scores and maps as the runner asks for them."""
    with torch.no_grad():
        prediction = detector.predict(images)
    return np.asarray(prediction.scores), np.asarray(prediction.maps)


def same(first: tuple[np.ndarray, ...], second: tuple[np.ndarray, ...]) -> bool:
    """Equal to the last bit."""
    return all(np.array_equal(a, b) for a, b in zip(first, second, strict=True))


@pytest.fixture(name="predicted")
def _predicted() -> Callable[[Detector, LabelledImages], tuple[np.ndarray, np.ndarray]]:
    """`predicted(detector, images)`: scores (B,) and maps (B, h, w)."""
    return predicted


def smooth(count: int, seed: int) -> np.ndarray:
    """(count, 64, 64, 3) uint8."""
    coarse = np.random.default_rng(seed).integers(60, 180, (count, 8, 8, 3), dtype=np.uint8)
    return coarse.repeat(8, axis=1).repeat(8, axis=2)
