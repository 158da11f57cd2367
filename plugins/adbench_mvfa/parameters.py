"""The parameters of `mvfa` and `mvfa-official`: every point where the paper and its release differ, and ablations."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from adbench import UserError, parameter


@dataclass(frozen=True, kw_only=True)
class MvfaParameters:
    """Defaults are sound variants of the release (Huang et al., CVPR 2024); the help gives the paper's choices."""

    weights: str = parameter("ViT-L-14-336/openai", "CLIP weights: tiny-clip, ARCHITECTURE/TAG of open_clip, or a --weights NAME")
    adapters: str = parameter(
        "", "saved adapters (ours or a released .pth, as --weights NAME=PATH) used instead of training; empty = train"
    )
    image_size: int = parameter(240, "image side in pixels, paper and release 240")
    stages: tuple[Literal[1, 2, 3, 4], ...] = parameter(
        (1, 2, 3, 4), "the tower's four equal stages that end in adapters and are read; overridden by levels"
    )
    levels: tuple[int, ...] = parameter((), "vision blocks (1-based) that carry adapters; empty = the ends of the stages")
    heads: Literal["dual", "single"] = parameter("dual", "a segmentation and a detection adapter per level, or one for both")
    projectors: Literal["none", "last", "all"] = parameter(
        "none", "levels with a bare projector instead of an adapter: none = release, last = paper, all = ablation"
    )
    residual: float = parameter(0.1, "share of each of the two adapters in the stream, which keeps 1 - 2 x residual")
    epochs: int = parameter(50, "passes over the training images; 0 = untrained adapters")
    batch_size: int = parameter(16, "images per step: paper 16, release 1; the gradient is that of the mean loss")
    lr: float | None = parameter(
        None, "learning rate of both Adams; none = as in the release: few-shot 1e-3 (the paper's), zero-shot 1e-4"
    )
    augment: bool = parameter(True, "few-shot: train on, and remember, 11 views of every support image")
    bce: Literal["logits", "probability"] = parameter(
        "logits", "detection loss on the mean probability treated as a logit (release) or as a probability (paper)"
    )
    pooling: Literal["mean", "max"] = parameter("mean", "detection map to score: mean over patches (release) or max (paper)")
    image_score: Literal["release", "detection", "map"] = parameter(
        "release",
        "detection = detection branch (paper), map = maximum of the fused map, "
        "release = map for few-shot on sets with masks, else detection",
    )
    branches: Literal["both", "text", "memory"] = parameter("both", "few-shot: which branches score; zero-shot has only text")
    memory_class_tokens: bool = parameter(True, "keep class tokens in the memory, as in the release; the paper means patches")
    fusion: Literal["support", "test-set"] = parameter(
        "support", "where the min-max of the two branches is learnt; test-set = release, transductive"
    )
    checkpoint: Literal["last", "valid", "test-oracle"] = parameter(
        "last", "epoch to keep; test-oracle = release, the best on the test set"
    )

    def __post_init__(self) -> None:
        rules = (
            ("stages", bool(self.stages) and list(self.stages) == sorted(set(self.stages)), "one or more of 1 to 4, ascending"),
            ("image_size", self.image_size >= 1, "at least 1"),
            ("epochs", self.epochs >= 0, "at least 0"),
            ("batch_size", self.batch_size >= 1, "at least 1"),
            ("residual", 0 <= self.residual <= 0.5, "from 0 to 0.5"),
            ("lr", self.lr is None or self.lr > 0, "above 0, or none"),
        )
        for name, fine, rule in rules:
            if not fine:
                raise UserError(f"MVFA's {name} = {getattr(self, name)!r} must be {rule}.")


@dataclass(frozen=True, kw_only=True)
class OfficialParameters(MvfaParameters):
    """The release to the letter: single images, min-max over the test set, the best epoch on the test set."""

    batch_size: int = parameter(1, "images per step; the release cannot take more")
    fusion: Literal["support", "test-set"] = parameter("test-set", "where the min-max of the two branches is learnt")
    checkpoint: Literal["last", "valid", "test-oracle"] = parameter(
        "test-oracle", "epoch to keep; release: the best on the test set"
    )
