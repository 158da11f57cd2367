"""The parameters of `clip` and `april-gan`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from adbench import UserError, parameter

WEIGHTS_HELP = "CLIP weights: tiny-clip, ARCHITECTURE/TAG of open_clip, or a --weights NAME"
STANDARDISE_HELP = "give images less CLIP's mean and by its standard deviation; tiny-clip was trained without"


@dataclass(frozen=True, kw_only=True)
class ClipParameters:
    """CLIP as it is."""

    weights: str = parameter("ViT-L-14-336/openai", WEIGHTS_HELP)
    image_size: int = parameter(336, "image side in pixels; 336 is native to the default weights")
    standardise: bool = parameter(True, STANDARDISE_HELP)
    quick_gelu: bool = parameter(True, "QuickGELU as activation, which OpenAI's weights were trained with; others were not")
    levels: tuple[int, ...] = parameter(
        (), "few-normal: vision blocks (1-based) whose patch tokens are compared; empty = the ends of four equal stages"
    )

    def __post_init__(self) -> None:
        _demand("CLIP", self, image_size=(self.image_size >= 1, "at least 1"))


@dataclass(frozen=True, kw_only=True)
class AprilGanParameters:
    """Defaults are sound variants of the release (Chen et al. 2023); the help says what it does."""

    weights: str = parameter("ViT-L-14-336/openai", WEIGHTS_HELP)
    projections: str = parameter(
        "", "saved linear layers (ours or released ones, as --weights NAME=PATH) used instead of training; empty = train"
    )
    image_size: int = parameter(518, "image side in pixels, release 518")
    standardise: bool = parameter(True, STANDARDISE_HELP)
    levels: tuple[int, ...] = parameter(
        (), "vision blocks (1-based) whose patch tokens are projected; empty = the ends of four equal stages"
    )
    epochs: int | None = parameter(
        None, "passes over the training images; none = 15 few-shot and 3 zero-shot, the release's two; 0 = untrained layers"
    )
    batch_size: int = parameter(8, "images a step, release 8")
    lr: float = parameter(1e-3, "learning rate of Adam, release 1e-3")
    image_score: Literal["mean", "token", "map"] = parameter(
        "mean",
        "mean = of the class token's probability and the scaled maximum of the map (release few-shot), "
        "token = the former alone (release zero-shot), map = the maximum alone",
    )
    fusion: Literal["support", "test-set"] = parameter(
        "support", "where the min-max of map maxima is learnt for image_score mean; test-set = release, transductive"
    )

    def __post_init__(self) -> None:
        _demand(
            "APRIL-GAN",
            self,
            image_size=(self.image_size >= 1, "at least 1"),
            epochs=(self.epochs is None or self.epochs >= 0, "at least 0, or none"),
            batch_size=(self.batch_size >= 1, "at least 1"),
            lr=(self.lr > 0, "above 0"),
        )


def _demand(method: str, parameters: object, **rules: tuple[bool, str]) -> None:
    for name, (fine, rule) in rules.items():
        if not fine:
            raise UserError(f"{method}'s {name} = {getattr(parameters, name)!r} must be {rule}.")
