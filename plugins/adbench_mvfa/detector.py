"""The MVFA detector: fit on a support, score one batch or, as the release does, a whole test set at every epoch."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

import numpy as np
import torch
from torch import Tensor

from adbench import Context, Detector, ImageBatch, LabelledImages, Prediction, Support, UserError
from adbench_mvfa.fusion import Branches, Ranges, from_tensor, fused_map, fused_score, learn_ranges, to_tensor
from adbench_mvfa.parameters import MvfaParameters
from adbench_mvfa.scorer import Compact, Head, Memory, Scorer
from adbench_mvfa.task import Model, Task, build_model, make_task
from adbench_nets import to_images

CHUNK = 16
# For first-stage tokens of the test set, kept between checkpoints.
CACHE_BYTES = 2 << 30


class MvfaDetector(Detector):
    """MVFA, few-shot and zero-shot.

    Under `checkpoint = test-oracle`, `fit` only prepares: `predict_checkpoints` alternates training and prediction,
    and the caller, who knows the test labels, keeps the best. Without that call, `predict` trains to the last epoch.
    """

    parameters: MvfaParameters
    _model: Model
    _scorer: Scorer | None = None
    _task: Task | None = None
    _ranges: Ranges
    _first_stages: dict[tuple[str, ...], Tensor] | None = None

    def fit(self, support: Support, ctx: Context) -> None:
        """Train the adapters (or load saved ones), build the memory, learn the ranges of the two branches."""
        generator = ctx.torch_rng()
        self.prepare(make_task(build_model(self.parameters, ctx, generator), support, generator))
        checkpoint = self.card.checkpoint(self.parameters)
        if self.parameters.adapters:
            self._model.adapters.load(ctx.weights.state_dict(self.parameters.adapters))
            self.settle()
        elif checkpoint == "valid":
            self._keep_best(support.valid)
        elif checkpoint == "last":
            self._finish()

    def prepare(self, task: Task) -> None:
        """Take a task without training it."""
        self._task = task
        self._model = task.model

    def settle(self) -> None:
        """From now on score with the current adapters: build the memory, learn the ranges."""
        task = self._task
        if task is None:
            raise RuntimeError("call fit first")
        self._scorer = task.scorer()
        self._ranges = task.ranges(self._scorer) if self.parameters.fusion == "support" else {}

    def predict(self, batch: ImageBatch) -> Prediction:
        """Score one batch; under `fusion = test-set` the batch counts as the whole test set."""
        return next(iter(self.predict_all([batch])))

    def predict_all(self, batches: Iterable[ImageBatch]) -> Iterator[Prediction]:
        """Score a test set, one prediction per batch. Under `fusion = test-set` all of it is read before the first prediction."""
        if self._scorer is None:
            self._finish()
        scorer = self._trained()
        if self.parameters.fusion == "support":
            for batch in batches:
                yield _prediction([scorer.branches(part) for part in self._compact(batch)], self._ranges, scorer)
            return
        whole = [self._compact(batch) for batch in batches]
        ranges = learn_ranges(scorer.branches(part) for parts in whole for part in parts)
        for parts in whole:
            yield _prediction([scorer.branches(part) for part in parts], ranges, scorer)

    def predict_checkpoints(self, batches: Callable[[], Iterable[ImageBatch]]) -> Iterator[Iterable[Prediction]]:
        """Train, and yield the predictions of the whole test set at every checkpoint of the release.

        Few-shot that is after each epoch; zero-shot before the steps whose index in the epoch is a multiple of a fifth
        of the epoch's steps. At least one is yielded; read it before asking for the next. First-stage tokens of the
        test set are kept between checkpoints where they fit into 2 GiB.

        Args:
            batches: returns the batches of the test set, the same ones each time.
        """
        self._first_stages = {}
        try:
            looked = False
            if self._scorer is None and self._task is not None:
                for _ in self._task.checkpoints():
                    self.settle()
                    looked = True
                    yield self.predict_all(batches())
            if not looked:
                yield self.predict_all(batches())
        finally:
            self._first_stages = None

    def state_dict(self) -> dict[str, Tensor]:
        """Adapters, memory, text features, ranges and the kind of image score."""
        if self._scorer is None:
            self._finish()
        scorer = self._trained()
        state = {name: tensor.detach().cpu() for name, tensor in scorer.adapters.state_dict().items()}
        for head, levels in scorer.memory.items():
            state |= {f"memory.{head}.{index}": level.cpu() for index, level in enumerate(levels)}
        state["text"] = scorer.text.cpu().contiguous()
        state["ranges"] = to_tensor(self._ranges)
        state["map_is_seg"] = torch.tensor(scorer.map_head == "seg")
        state["score_from_map"] = torch.tensor(scorer.score_from_map)
        return state

    def load_state_dict(self, state: Mapping[str, Tensor], ctx: Context) -> None:
        """Restore the detector that gave `state`; the backbone is loaded by name."""
        self._model = build_model(self.parameters, ctx, ctx.torch_rng())
        self._model.adapters.load(state)
        missing = [name for name in ("text", "ranges", "map_is_seg", "score_from_map") if name not in state]
        if missing:
            raise UserError(
                f"This is not the state of a fitted MVFA, it has no {missing[0]!r}: pass adapters alone as the parameter adapters."
            )
        memory: Memory = {}
        heads: tuple[Head, ...] = ("det", "seg")
        for head in heads:
            levels = [
                state[f"memory.{head}.{i}"].to(ctx.device)
                for i in range(len(self._model.adapters.levels))
                if f"memory.{head}.{i}" in state
            ]
            if levels:
                memory[head] = levels
        self._task = None
        self._ranges = from_tensor(state["ranges"])
        self._scorer = self._model.scorer(
            state["text"].to(ctx.device), memory, "seg" if state["map_is_seg"] else "det", bool(state["score_from_map"])
        )

    def _finish(self) -> None:
        if self._task is None:
            raise RuntimeError("call fit or load_state_dict before predict")
        for _ in self._task.checkpoints():
            pass
        self.settle()

    def _trained(self) -> Scorer:
        if self._scorer is None:
            raise RuntimeError("call fit or load_state_dict before predict")
        return self._scorer

    def _keep_best(self, valid: LabelledImages) -> None:
        """Train and keep the checkpoint with the highest image AUROC (plus pixel AUROC, with masks) on `valid`."""
        if self._task is None or not len(valid) or valid.labels.all() or not valid.labels.any():
            raise UserError(
                "checkpoint = valid needs normal and abnormal validation images that the support leaves over: "
                "use a smaller k, or checkpoint = last."
            )
        best, kept = -np.inf, None
        for _ in self._task.checkpoints():
            self.settle()
            score = self._quality(valid)
            if score > best:
                best = score
                kept = {name: tensor.clone() for name, tensor in self._model.adapters.state_dict().items()}
        if kept is not None:
            self._model.adapters.load_state_dict(kept)
        self.settle()

    def _quality(self, images: LabelledImages) -> float:
        from adbench.metrics import auroc

        prediction = self.predict(images)
        quality = float(auroc(images.labels, np.asarray(prediction.scores)))
        if images.has_masks:
            masks = images.masks(self.parameters.image_size)
            quality += float(auroc(masks.ravel(), np.asarray(prediction.maps).ravel()))
        return quality

    def _compact(self, batch: ImageBatch) -> list[Compact]:
        scorer = self._trained()
        return [scorer.compact(self._first_stage(part)) for part in batch.batches(CHUNK)]

    def _first_stage(self, batch: ImageBatch) -> Tensor:
        known = self._first_stages
        if known is not None and batch.ids in known:
            return known[batch.ids]
        images = to_images(batch.pixels(self.parameters.image_size), self._model.ctx.device)
        tokens = self._model.stem(images)
        if known is not None and (sum(map(len, known.values())) + len(tokens)) * tokens[0].nbytes <= CACHE_BYTES:
            known[batch.ids] = tokens
        return tokens


def _prediction(parts: list[Branches], ranges: Ranges, scorer: Scorer) -> Prediction:
    maps = torch.cat([_some(fused_map(part, ranges)) for part in parts])
    if scorer.score_from_map:
        scores = maps.flatten(1).amax(dim=1)
    else:
        scores = torch.cat([_some(fused_score(part, ranges)) for part in parts])
    return Prediction(scores.float().cpu().numpy(), maps.float().cpu().numpy())


def _some(value: Tensor | None) -> Tensor:
    if value is None:
        raise RuntimeError("neither the text nor the memory branch is in use")
    return value
