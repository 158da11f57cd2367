"""The parameters of `clip` and `april-gan`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from annotated_types import Ge, Gt

from adbench import parameter
from adbench_nets import CLIP_L_336, CLIP_MEAN, CLIP_STD

Positive = Annotated[float, Gt(0)]


@dataclass(frozen=True, kw_only=True)
class TowerParameters:
    """A CLIP and its input images."""

    weights: str = parameter(CLIP_L_336.name, "CLIP weights: tiny-clip, ARCHITECTURE/TAG of open_clip, or a --weights NAME")
    mean: tuple[float, float, float] = parameter(CLIP_MEAN, "subtracted from pixels in [0, 1]; default CLIP's, tiny-clip wants 0")
    std: tuple[Positive, Positive, Positive] = parameter(CLIP_STD, "then divided by; default CLIP's, tiny-clip wants 1")
    levels: tuple[int, ...] = parameter(
        (), "vision blocks (1-based) whose patch tokens are read; empty = the ends of four equal stages"
    )


@dataclass(frozen=True, kw_only=True)
class ClipParameters(TowerParameters):
    """Unadapted CLIP."""

    image_size: Annotated[int, Ge(1)] = parameter(336, "image side in pixels; 336 is native to the default weights")
    quick_gelu: bool | None = parameter(
        None,
        "QuickGELU as activation, instead of GELU; none = as the weights were trained, according to their card or open_clip",
    )
    class_name: str = parameter("", "name of the object in the prompts; empty = the set's")


@dataclass(frozen=True, kw_only=True)
class AprilGanParameters(TowerParameters):
    """Defaults are sound variants of the release (Chen et al. 2023); the help gives the release's choices."""

    projections: str = parameter(
        "", "saved linear layers (ours or released ones, as --weights NAME=PATH) used instead of training; empty = train"
    )
    image_size: Annotated[int, Ge(1)] = parameter(518, "image side in pixels, release 518")
    epochs: Annotated[int, Ge(0)] | None = parameter(
        None,
        "passes over the training images; none = 15 few-shot and 3 zero-shot, of the release's 3 to 15; 0 = untrained layers",
    )
    batch_size: Annotated[int, Ge(1)] = parameter(8, "images per step, release 8")
    lr: Annotated[float, Gt(0)] = parameter(1e-3, "learning rate of Adam, release 1e-3")
    image_score: Literal["mean", "token", "map"] = parameter(
        "mean",
        "mean = mean of the class token's probability and the scaled maximum of the map (release few-shot), "
        "token = the probability alone (release zero-shot), map = the maximum alone",
    )
    fusion: Literal["support", "test-set"] = parameter(
        "support", "where the min-max of map maxima is learnt for image_score mean; test-set = release, transductive"
    )
