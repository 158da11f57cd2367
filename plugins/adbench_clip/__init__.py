"""Methods that need little more than a CLIP: `clip`, `april-gan` and `medclip`."""

from __future__ import annotations

from adbench import DetectorCard, WeightsCard, hookimpl
from adbench_clip.cards import APRIL_GAN, CLIP
from adbench_clip.medclip import MEDCLIP
from adbench_clip.medclip import WEIGHTS as MEDCLIP_WEIGHTS
from adbench_nets import CLIP_L_336, TINY_CLIP


@hookimpl
def adbench_weights() -> list[WeightsCard]:
    """The named weights of these methods."""
    return [CLIP_L_336, TINY_CLIP, *MEDCLIP_WEIGHTS]


@hookimpl
def adbench_detectors() -> list[DetectorCard]:
    """The cards of the methods."""
    return [CLIP, APRIL_GAN, MEDCLIP]
