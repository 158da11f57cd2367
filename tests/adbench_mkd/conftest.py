"""A source network of a few channels, images of a few pixels, and detectors on them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from adbench import Context, LabelledImages, Support, WeightsResolver
from adbench.registry.parameters import build_parameters
from adbench.testing import memory_images
from adbench_mkd import MKD
from adbench_mkd.detector import MkdDetector
from adbench_mkd.network import Vgg
from adbench_nets import TINY_VGG

SIDE = 32
BLOCKS = ((4, 4), (6, 6), (6, 6, 6), (8, 8, 8), (8, 8, 8))
SMALL = {"weights": "small", "image_size": SIDE, "epochs": 1, "batch_size": 4, "cloner_width": 3}


@pytest.fixture
def small_vgg(tmp_path: Path) -> Path:
    """A file of random weights in the key names of torchvision, classifier included."""
    torch.manual_seed(0)
    state = Vgg(BLOCKS, cloner=False).state_dict() | {"classifier.0.weight": torch.zeros(2, 2)}
    save_file(state, tmp_path / "small.safetensors")
    return tmp_path / "small.safetensors"


@pytest.fixture
def make_context(small_vgg: Path, tmp_path: Path) -> Callable[..., Context]:
    """A context of a seed; `small` names the small VGG unless another file is given."""

    def make(seed: int = 0, small: Path = small_vgg) -> Context:
        return Context("cpu", seed, WeightsResolver({TINY_VGG.name: TINY_VGG}, given={"small": small}, offline=True), tmp_path)

    return make


@pytest.fixture
def make_detector() -> Callable[..., MkdDetector]:
    """A detector with the small sizes and what is given over them."""

    def make(**overrides: Any) -> MkdDetector:
        return MkdDetector(MKD, build_parameters(MKD, "demo", SMALL | overrides))

    return make


@pytest.fixture
def images() -> LabelledImages:
    """Seven noisy images."""
    pixels = np.random.default_rng(1).integers(0, 255, (7, SIDE, SIDE, 3), np.uint8)
    return memory_images(pixels)


@pytest.fixture
def support(images: LabelledImages) -> Support:
    """Six of them as normal training images."""
    return support_of(images[:6])


def support_of(normal: LabelledImages) -> Support:
    """A full-normal support."""
    empty = normal[:0]
    return Support("full-normal", 0, "object", normal, empty, (), empty)


@pytest.fixture
def fitted(
    make_detector: Callable[..., MkdDetector], make_context: Callable[..., Context], support: Support
) -> Callable[..., MkdDetector]:
    """A fitted detector with these parameters and this seed."""

    def make(seed: int = 0, **overrides: Any) -> MkdDetector:
        detector = make_detector(**overrides)
        detector.fit(support, make_context(seed))
        return detector

    return make
