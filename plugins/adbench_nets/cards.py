"""Cards of the weights that several methods use, and of the tiny ones in the wheel.

A plugin's `adbench_weights` returns the cards of all weights its methods use, including the objects of this module: equal
cards with the same name count as one, so a method works without other plugins. Imports nothing heavy.
"""

from __future__ import annotations

from adbench import WeightsCard

CLIP_L_336 = WeightsCard(
    name="ViT-L-14-336/openai",
    file="clip-vit-l-14-336-openai.safetensors",
    hub="timm/vit_large_patch14_clip_336.openai:open_clip_model.safetensors",
    quick_gelu=True,
    licence="MIT",
    notes="OpenAI's CLIP ViT-L/14 at 336 px in open_clip's key names.",
)
TINY_CLIP = WeightsCard(
    name="tiny-clip",
    file="tiny_clip.safetensors",
    embedded="adbench_nets:tiny_clip.safetensors",
    quick_gelu=False,
    licence="MIT",
    notes="A CLIP of a few layers trained on procedural images, for demonstrations and tests; its figures say nothing "
    "about medicine.",
)
TINY_CNN = WeightsCard(
    name="tiny-cnn",
    file="tiny_cnn.safetensors",
    embedded="adbench_nets:tiny_cnn.safetensors",
    licence="MIT",
    notes="timm's test_resnet trained on procedural images, for demonstrations and tests; its figures say nothing about "
    "medicine.",
)
TINY_VGG = WeightsCard(
    name="tiny-vgg",
    file="tiny_vgg.safetensors",
    embedded="adbench_nets:tiny_vgg.safetensors",
    licence="MIT",
    notes="A plain VGG of ten narrow convolutions, trained on procedural images, for demonstrations and tests; its figures "
    "say nothing about medicine.",
)
