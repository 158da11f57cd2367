"""What the tests of these methods share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from adbench import Context, DetectorCard, LabelledImages, Support, Weights
from adbench.parameters import build_parameters
from adbench.testing import memory_images


@pytest.fixture
def context(tmp_path: Path) -> Callable[..., Context]:
    """Make a context on the CPU: `context(seed=0, given={})`."""
    from adbench_anomalib import adbench_weights

    def make(seed: int = 0, given: dict[str, Path] | None = None) -> Context:
        weights = Weights({card.name: card for card in adbench_weights()}, given=given, offline=True)
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


def smooth(count: int, seed: int) -> np.ndarray:
    """(count, 64, 64, 3) uint8."""
    coarse = np.random.default_rng(seed).integers(60, 180, (count, 8, 8, 3), dtype=np.uint8)
    return coarse.repeat(8, axis=1).repeat(8, axis=2)
