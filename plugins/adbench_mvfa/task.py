"""One fit in parts: the training data of a track, the checkpoints, and the scorer at each of them."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from adbench import Context, LabelledImages, Support, UserError
from adbench_mvfa.adapters import Adapters
from adbench_mvfa.examples import few_shot_examples, views_of
from adbench_mvfa.fusion import Ranges, learn_ranges
from adbench_mvfa.network import stem
from adbench_mvfa.parameters import MvfaParameters
from adbench_mvfa.scorer import Head, Memory, Scorer, remember
from adbench_mvfa.training import Loss, Trainer, train
from adbench_nets import (
    Examples,
    Order,
    Tower,
    chosen_levels,
    load_tower,
    shuffled,
    stage_ends,
    text_features,
    zero_shot_examples,
)

RELEASE_LR = {"few-shot": 1e-3, "zero-shot": 1e-4}


@dataclass(frozen=True)
class Model:
    """The frozen tower and its adapters, before any image is seen."""

    tower: Tower
    adapters: Adapters
    parameters: MvfaParameters
    ctx: Context

    def stem(self, images: Tensor) -> Tensor:
        """(B, 3, S, S) images in [0, 1] to first-stage tokens (B, L + 1, W)."""
        with self.ctx.autocast():
            return stem(self.tower, self.adapters, images)

    def scorer(self, text: Tensor, memory: Memory, map_head: Head, score_from_map: bool) -> Scorer:
        """A scorer with the current adapters."""
        size = (self.parameters.image_size, self.parameters.image_size)
        use_text = not memory or self.parameters.branches != "memory"
        return Scorer(
            self.tower,
            self.adapters,
            text,
            memory,
            map_head,
            score_from_map,
            size,
            self.parameters.pooling,
            use_text,
            self.ctx.autocast,
        )


def build_model(parameters: MvfaParameters, ctx: Context, generator: torch.Generator) -> Model:
    """Load the tower and create new adapters.

    Raises:
        UserError: the tower does not have these levels, or weights do not fit.
    """
    tower = load_tower(ctx.weights, parameters.weights, parameters.image_size, ctx.device)
    ends = stage_ends(tower.blocks)
    levels = chosen_levels(parameters.levels or tuple(ends[stage - 1] for stage in parameters.stages), tower.blocks)
    adapters = Adapters(
        tower.width,
        tower.embed_dim,
        levels,
        residual=parameters.residual,
        single=parameters.heads == "single",
        projectors=parameters.projectors,
        generator=generator,
    )
    return Model(tower, adapters.to(ctx.device), parameters, ctx)


@dataclass
class Task:
    """Training data and model of one fit.

    Attributes:
        text: (E, 2) text features of the target class.
        normal_stems: (V k, L + 1, W) first-stage tokens of the normal support's views, view by view; None = zero-shot.
        normals, abnormals: images of each kind in the support.
    """

    model: Model
    trainer: Trainer
    examples: Examples
    generator: torch.Generator
    text: Tensor
    map_head: Head
    score_from_map: bool
    normal_stems: Tensor | None = None
    normals: int = 0
    abnormals: int = 0

    def checkpoints(self, orders: Iterable[Order] | None = None, losses: list[Tensor] | None = None) -> Iterator[None]:
        """Train, pausing where the release evaluates its test set; exhausting it ends after the last step.

        Args:
            orders: the images of each step of each epoch, to replay a recorded run; None = shuffled by the seed.
            losses: receives the mean loss of each step.
        """
        parameters = self.model.parameters
        if orders is None:
            epochs = self.model.ctx.progress(range(parameters.epochs), "training")
            orders = (shuffled(self.examples.count, parameters.batch_size, self.generator) for _ in epochs)
        looks: Literal["after-epoch", "within-epoch"] = "within-epoch" if self.normal_stems is None else "after-epoch"
        return train(self.trainer, self.examples, orders, looks, losses)

    def scorer(self) -> Scorer:
        """The scorer with the current adapters; its memory is rebuilt."""
        memory: Memory = {}
        parameters = self.model.parameters
        if self.normal_stems is not None and parameters.branches != "text":
            heads: set[Head] = {self.map_head} if self.score_from_map else {self.map_head, "det"}
            memory = remember(
                self.model.tower,
                self.model.adapters,
                self.normal_stems,
                heads,
                parameters.memory_class_tokens,
                self.model.ctx.autocast,
            )
        return self.model.scorer(self.text, memory, self.map_head, self.score_from_map)

    def ranges(self, scorer: Scorer) -> Ranges:
        """The min-max of both branches over the support, without the test set.

        An abnormal image is searched in the whole memory. A normal one would find itself there at distance zero, so
        its own views are removed first; if it is the only normal image, only its plain view is.
        """
        if not (scorer.memory and scorer.use_text):
            return {}
        return learn_ranges(scorer.branches(view.compact(tokens)) for view, tokens in self._calibration(scorer))

    def _calibration(self, scorer: Scorer) -> Iterator[tuple[Scorer, Tensor]]:
        yield scorer, self.examples.fetch(range(self.abnormals)).frozen
        stems = self.normal_stems
        if stems is None:
            return
        augmented = self.model.parameters.augment
        for image in range(self.normals):
            own = views_of(image, self.normals, augmented) if self.normals > 1 else [image]
            others = [view for view in range(len(stems)) if view not in own]
            if others:
                memory: Memory = {head: [level[others] for level in levels] for head, levels in scorer.memory.items()}
                yield dataclasses.replace(scorer, memory=memory), stems[image : image + 1]


def make_task(model: Model, support: Support, generator: torch.Generator) -> Task:
    """Build the task from what the track grants.

    Args:
        generator: shuffles the training images.

    Raises:
        UserError: the support has no normal or no abnormal images (few-shot), or no other sets (zero-shot).
    """
    parameters, ctx = model.parameters, model.ctx
    size = (parameters.image_size, parameters.image_size)
    lr = parameters.lr or RELEASE_LR[support.track]
    loss = Loss(size, parameters.bce, parameters.pooling)
    trainer = Trainer(model.tower, model.adapters, lr, loss, ctx.autocast, scale_gradients=ctx.precision == "fp16")
    text = text_features(model.tower, support.class_name)
    if support.track == "zero-shot":
        return _zero_shot_task(model, trainer, generator, support.auxiliary, text)
    if not len(support.normal) or not len(support.abnormal):
        raise UserError("MVFA learns few-shot from normal and abnormal images: use the track few-shot with k of at least 1.")
    with_masks = support.abnormal.has_masks
    examples, normal_stems = few_shot_examples(
        support.abnormal, support.normal, text, model.stem, parameters.image_size, parameters.augment
    )
    score = parameters.image_score
    return Task(
        model,
        trainer,
        examples,
        generator,
        text,
        map_head="seg" if with_masks else "det",
        score_from_map=score == "map" or (score == "release" and with_masks),
        normal_stems=normal_stems,
        normals=len(support.normal),
        abnormals=len(support.abnormal),
    )


def _zero_shot_task(
    model: Model, trainer: Trainer, generator: torch.Generator, auxiliary: tuple[LabelledImages, ...], text: Tensor
) -> Task:
    sets = [images for images in auxiliary if len(images)]
    if not sets:
        raise UserError(
            "MVFA learns zero-shot from other labelled sets, and there are none: run a group of at least two datasets."
        )
    tower = model.tower
    names = dict.fromkeys(images.class_name for images in sets)
    features = {name: text_features(tower, name) for name in names}
    stem_bytes = 4 * tower.width * (tower.grid[0] * tower.grid[1] + 1)
    texts = [features[images.class_name] for images in sets]
    examples = zero_shot_examples(sets, texts, model.stem, model.parameters.image_size, stem_bytes)
    return Task(
        model,
        trainer,
        examples,
        generator,
        text,
        map_head="seg" if any(images.has_masks for images in sets) else "det",
        score_from_map=model.parameters.image_score == "map",
    )
