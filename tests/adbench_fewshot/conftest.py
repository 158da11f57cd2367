"""A ResNet-18 of a few channels, images of a few pixels, and detectors on them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from adbench import Context, Detector, LabelledImages, Support, WeightsResolver
from adbench.registry.parameters import build_parameters
from adbench.testing import memory_images
from adbench_fewshot import BGAD, DRA

SIDE = 64
SMALL: dict[str, dict[str, Any]] = {
    "dra": {"weights": "small", "image_size": SIDE, "epochs": 2, "steps": 2, "batch_size": 6},
    "bgad": {"image_size": SIDE, "levels": (1, 2), "epochs": 2, "sub_epochs": 1, "blocks": 2, "position_channels": 8},
}


@pytest.fixture
def small_resnet(tmp_path: Path) -> Path:
    """A file of random weights in torchvision's key names, classifier included."""
    from adbench_fewshot.resnet import ResNet18

    torch.manual_seed(0)
    state = ResNet18((4, 4, 6, 8, 10)).state_dict() | {"fc.weight": torch.zeros(2, 10), "fc.bias": torch.zeros(2)}
    save_file(state, tmp_path / "small.safetensors")
    return tmp_path / "small.safetensors"


@pytest.fixture
def make_context(small_resnet: Path, tmp_path: Path) -> Callable[..., Context]:
    """A context of a seed; `small` names the small ResNet unless another file is given."""
    from adbench_fewshot import adbench_weights

    cards = {card.name: card for card in adbench_weights()}

    def make(seed: int = 0, small: Path = small_resnet) -> Context:
        return Context("cpu", seed, WeightsResolver(cards, given={"small": small}, offline=True), tmp_path)

    return make


@pytest.fixture
def make_detector() -> Callable[..., Detector]:
    """An unfitted detector: `make_detector("dra", epochs=1)`."""
    from adbench_fewshot.bgad import BgadDetector
    from adbench_fewshot.dra import DraDetector

    def make(name: str, **overrides: Any) -> Detector:
        card, kind = {"dra": (DRA, DraDetector), "bgad": (BGAD, BgadDetector)}[name]
        return kind(card, build_parameters(card, "demo", SMALL[name] | overrides))

    return make


@pytest.fixture
def fitted(make_detector: Callable[..., Detector], make_context: Callable[..., Context]) -> Callable[..., Detector]:
    """A detector fitted on three images of each kind."""

    def make(name: str, seed: int = 0, **overrides: Any) -> Detector:
        detector = make_detector(name, **overrides)
        detector.fit(few_shot(), make_context(seed))
        return detector

    return make


@pytest.fixture
def queries() -> LabelledImages:
    """Five images, two of them abnormal."""
    return images(5, np.array([False, True, False, True, False]), seed=7)


@pytest.fixture
def support() -> Callable[..., Support]:
    """`few_shot` as a fixture."""
    return few_shot


def few_shot(normals: int = 3, abnormals: int = 3, masks: bool = True) -> Support:
    """A few-shot support."""
    normal = images(normals, np.zeros(normals, bool), seed=1, masks=masks)
    abnormal = images(abnormals, np.ones(abnormals, bool), seed=2, masks=masks)
    return Support("few-shot", max(normals, abnormals), "object", normal, abnormal, (), normal[:0])


def images(count: int, labels: np.ndarray, seed: int, masks: bool = True) -> LabelledImages:
    """Smooth grey images; the abnormal ones have a bright square."""
    rng = np.random.default_rng(seed)
    pixels = rng.integers(60, 140, (count, 8, 8, 3), dtype=np.uint8).repeat(8, axis=1).repeat(8, axis=2)
    places = np.zeros((count, SIDE, SIDE), bool)
    for row in np.flatnonzero(labels):
        top, left = rng.integers(0, SIDE - 20, 2)
        places[row, top : top + 20, left : left + 20] = True
    pixels[places] = 250
    return memory_images(pixels, labels, places if masks else None)
