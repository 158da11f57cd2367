"""A third-party plugin written with `adbench_nets`: the card, and the method's weights."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import EntryPoint

import adbench
from adbench_nets import TINY_CLIP


@dataclass(frozen=True)
class Parameters:
    """What a user can change."""

    weights: str = adbench.parameter(TINY_CLIP.name, "CLIP weights")
    image_size: int = adbench.parameter(56, "image side in pixels")


CARD = adbench.DetectorCard(
    name="clip-patches",
    title="CLIP patches",
    factory="clippatches_detector:ClipPatches",
    tracks=("few-normal", "full-normal"),
    parameters=Parameters,
    weight_parameters=("weights",),
    citation="unpublished",
    licence="MIT",
)


@adbench.hookimpl
def adbench_detectors() -> list[adbench.DetectorCard]:
    """The one card."""
    return [CARD]


@adbench.hookimpl
def adbench_weights() -> list[adbench.WeightsCard]:
    """A card of the library, which first-party plugins may also bring."""
    return [TINY_CLIP]


def entry_point() -> EntryPoint:
    """As a distribution would declare it."""
    return EntryPoint("clippatches", "clippatches", "adbench")
