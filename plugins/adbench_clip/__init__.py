"""The CLIP tower that several methods share, and the methods that need little more: `clip`, `april-gan` and `medclip`."""

from __future__ import annotations

from adbench import DetectorCard, WeightsCard, hookimpl
from adbench_clip.cards import APRIL_GAN, CLIP
from adbench_clip.medclip import MEDCLIP
from adbench_clip.medclip import WEIGHTS as MEDCLIP_WEIGHTS

OPENAI_336 = WeightsCard(
    name="ViT-L-14-336/openai",
    file="clip-vit-l-14-336-openai.safetensors",
    hub="timm/vit_large_patch14_clip_336.openai:open_clip_model.safetensors",
    licence="MIT",
    notes="OpenAI's CLIP ViT-L/14 at 336 px in open_clip's key names.",
)
TINY = WeightsCard(
    name="tiny-clip",
    file="tiny_clip.safetensors",
    embedded="adbench_clip:tiny_clip.safetensors",
    licence="MIT",
    notes="A CLIP of a few layers trained on procedural images, for demonstrations and tests; its figures say nothing "
    "about medicine.",
)


@hookimpl
def adbench_weights() -> list[WeightsCard]:
    """The named CLIP weights."""
    return [OPENAI_336, TINY, *MEDCLIP_WEIGHTS]


@hookimpl
def adbench_detectors() -> list[DetectorCard]:
    """The cards of the methods."""
    return [CLIP, APRIL_GAN, MEDCLIP]
