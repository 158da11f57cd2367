"""A CLIP with random weights, small enough to train in a test, and images for it."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import nullcontext
from functools import cache
from pathlib import Path

import numpy as np
import torch
from open_clip.model import CLIP
from torch import Tensor

from adbench import Context, LabelledImages, Support, WeightsResolver
from adbench.testing import memory_images
from adbench_clip.april_network import Network, Projections
from adbench_nets import CLIP_MEAN, CLIP_STD, Colour, Tower, build_tower

SIDE = 28
CONFIG = {
    "embed_dim": 12,
    "vision_cfg": {"image_size": SIDE, "layers": 4, "width": 16, "head_width": 16, "patch_size": 7},
    "text_cfg": {"context_length": 77, "vocab_size": 49408, "width": 16, "heads": 1, "layers": 1},
}


def random_state(seed: int = 0) -> dict[str, Tensor]:
    """New copies of all tensors of the model."""
    return {name: tensor.clone() for name, tensor in _drawn(seed).items()}


@cache
def _drawn(seed: int) -> dict[str, Tensor]:
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return CLIP(**CONFIG).state_dict()


def random_tower(size: int | tuple[int, int] = SIDE) -> Tower:
    """The tower of `random_state`."""
    return build_tower(CONFIG, random_state(), size)


def random_network(levels: tuple[int, ...] = (1, 2, 4), mean: Colour = CLIP_MEAN, std: Colour = CLIP_STD) -> Network:
    """APRIL-GAN's network around the tower, with untrained layers."""
    tower = random_tower()
    projections = Projections(tower.width, tower.embed_dim, len(levels), torch.Generator().manual_seed(0))
    return Network(tower, projections, levels, mean, std, (SIDE, SIDE), nullcontext)


class StateWeights(WeightsResolver):
    """A resolver over states in memory."""

    def __init__(self, states: Mapping[str, Mapping[str, Tensor]]) -> None:
        super().__init__({}, offline=True)
        self._states = states

    def state_dict(self, name: str, *, as_stored: bool = False) -> dict[str, Tensor]:
        """A copy of the state of this name."""
        return dict(self._states[name])


def context(scratch: Path, seed: int = 0, **states: Mapping[str, Tensor]) -> Context:
    """A context whose weights `clip` are the random ones."""
    return Context("cpu", seed, StateWeights({"clip": random_state(), **states}), scratch)


def noisy_images(count: int, abnormal: bool, masks: bool, seed: int = 0, class_name: str = "thing") -> LabelledImages:
    """Dark noise; abnormal images have a bright square."""
    rng = np.random.default_rng(seed + 1000 * abnormal)
    pixels = rng.integers(0, 90, (count, 32, 32, 3), dtype=np.uint8)
    truth = np.zeros((count, 32, 32), bool)
    if abnormal:
        truth[:, 8:20, 10:22] = True
        pixels[truth] = 230
    return memory_images(pixels, np.full(count, abnormal), truth if masks else None, class_name)


def mixed_images(count: int, masks: bool, seed: int = 50) -> LabelledImages:
    """Half normal, half abnormal."""
    rng = np.random.default_rng(seed)
    pixels = rng.integers(0, 90, (count, 32, 32, 3), dtype=np.uint8)
    labels = np.arange(count) % 2 == 1
    truth = np.zeros((count, 32, 32), bool)
    truth[labels, 8:20, 10:22] = True
    pixels[truth] = 230
    return memory_images(pixels, labels, truth if masks else None, "thing")


def few_shot(masks: bool = True, k: int = 2) -> Support:
    """A few-shot support with four validation images."""
    normal, abnormal = noisy_images(k, False, masks), noisy_images(k, True, masks)
    return Support("few-shot", k, "thing", normal, abnormal, (), mixed_images(4, masks))


def zero_shot() -> Support:
    """Two other sets, one with masks."""
    nothing = noisy_images(1, False, True)[0:0]
    others = (mixed_images(6, True, seed=7), mixed_images(4, False, seed=8))
    return Support("zero-shot", 0, "thing", nothing, nothing, others, nothing)
