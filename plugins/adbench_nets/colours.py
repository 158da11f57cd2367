"""Pixel means and standard deviations of published weights. Imports nothing heavy."""

from __future__ import annotations

Colour = tuple[float, float, float]
"""Red, green and blue, for pixels in [0, 1]."""

CLIP_MEAN: Colour = (0.48145466, 0.4578275, 0.40821073)
CLIP_STD: Colour = (0.26862954, 0.26130258, 0.27577711)
IMAGENET_MEAN: Colour = (0.485, 0.456, 0.406)
IMAGENET_STD: Colour = (0.229, 0.224, 0.225)
