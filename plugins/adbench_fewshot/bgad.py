"""The BGAD detector: flows on frozen features, trained with the few anomalies and their masks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import numpy as np
import torch
from torch import Tensor, nn

from adbench import Context, Detector, ImageBatch, Prediction, Support, UserError
from adbench_fewshot.bgad_scoring import Maxima, anomaly_maps, image_scores, learn_maxima
from adbench_fewshot.bgad_training import Tokens, Trainer, learning_rate, new_flows, token_likelihood, tokens_of
from adbench_fewshot.parameters import BgadParameters
from adbench_fewshot.pasting import paste_defects
from adbench_nets import IMAGENET_MEAN, IMAGENET_STD, FeatureMaps, load_backbone, load_weights, to_input

CHUNK = 16
FLOWS = "flows."
MAXIMA = ("maxima.levels", "maxima.normality")


class BgadDetector(Detector):
    """BGAD, few-shot, on sets with masks."""

    parameters: BgadParameters
    _ctx: Context
    _encoder: FeatureMaps
    _flows: nn.ModuleList
    _maxima: Maxima | None = None

    def fit(self, support: Support, ctx: Context) -> None:
        """Train the flows for all epochs, keep the last, and learn the maxima on the support.

        Raises:
            UserError: no normal or no abnormal images, or no masks.
        """
        if not len(support.normal) or not len(support.abnormal):
            raise UserError("BGAD learns from normal and abnormal images: use the track few-shot with k of at least 1.")
        if not support.abnormal.has_masks:
            raise UserError(
                "BGAD learns from masks, and this set has none: choose a set with masks, or another method, e.g. dra."
            )
        generator = ctx.torch_rng()
        self._prepare(ctx, generator)
        normal = self._pixels(support.normal)
        abnormal, masks = self._pixels(support.abnormal), support.abnormal.masks(self.parameters.image_size)
        pasted = paste_defects(normal, abnormal, masks, self.parameters.pasted, ctx.numpy_rng())
        images = np.concatenate([normal, abnormal, pasted[0]])
        images_masks = np.concatenate([np.zeros((len(normal), *masks.shape[1:]), bool), masks, pasted[1]])
        features = self._features(images)
        self._train(features, torch.from_numpy(images_masks).to(ctx.device), len(normal), generator)
        if self.parameters.maxima == "support":
            given = len(normal) + len(abnormal)
            self._maxima = learn_maxima(self._likelihoods([level[:given] for level in features]), self._size())

    def predict(self, batch: ImageBatch) -> Prediction:
        """Score one batch; under `maxima = test-set` the batch counts as the whole test set."""
        return next(iter(self.predict_all([batch])))

    def predict_all(self, batches: Iterable[ImageBatch]) -> Iterator[Prediction]:
        """Score a test set, one prediction per batch; under `maxima = test-set` all of it is read before the first prediction."""
        if self.parameters.maxima == "test-set":
            whole = [list(self._likelihoods(self._features(self._pixels(batch)))) for batch in batches]
            maxima = learn_maxima((part for parts in whole for part in parts), self._size())
            for parts in whole:
                yield self._prediction(parts, maxima)
            return
        if self._maxima is None:
            raise RuntimeError("call fit or load_state_dict before predict")
        for batch in batches:
            yield self._prediction(self._likelihoods(self._features(self._pixels(batch))), self._maxima)

    def state_dict(self) -> dict[str, Tensor]:
        """The flows, and the maxima of the support unless they are the test set's."""
        state = {FLOWS + name: tensor.detach().cpu().contiguous() for name, tensor in self._flows.state_dict().items()}
        if self._maxima is not None:
            state |= dict(zip(MAXIMA, (self._maxima.levels.cpu(), self._maxima.normality.cpu()), strict=True))
        return state

    def load_state_dict(self, state: Mapping[str, Tensor], ctx: Context) -> None:
        """Restore the detector that gave `state`; the encoder is loaded by name. Raises `UserError` on a foreign state."""
        self._prepare(ctx, ctx.torch_rng())
        flows = {name.removeprefix(FLOWS): tensor for name, tensor in state.items() if name.startswith(FLOWS)}
        load_weights(self._flows, flows, "The saved tensors", "Load them with the parameters they were saved with.")
        if self.parameters.maxima == "support":
            missing = [name for name in MAXIMA if name not in state]
            if missing:
                raise UserError(
                    f"The saved state has no {missing[0]!r}: it is from a BGAD with maxima = test-set; set that, or fit again."
                )
            self._maxima = Maxima(*(state[name].to(ctx.device) for name in MAXIMA))

    def _prepare(self, ctx: Context, generator: torch.Generator) -> None:
        parameters = self.parameters
        self._ctx = ctx
        encoder = FeatureMaps(load_backbone(ctx.weights, parameters.weights, parameters.architecture), parameters.levels)
        self._flows = new_flows(encoder.widths, parameters, generator).to(ctx.device)
        self._encoder = encoder.to(ctx.device)

    def _train(self, features: list[Tensor], masks: Tensor, normals: int, generator: torch.Generator) -> None:
        parameters = self.parameters
        trainer = Trainer(self._flows, parameters)
        for epoch in self._ctx.progress(range(parameters.epochs), "training"):
            for sub_epoch in range(parameters.sub_epochs):
                count = normals if epoch == 0 else len(masks)
                parts = torch.randperm(count, generator=generator).to(masks.device).split(parameters.batch_size)
                for number, rows in enumerate(parts):
                    lr = learning_rate(epoch, sub_epoch, number, len(parts), parameters)
                    levels = [self._tokens(level[rows], masks[rows]) for level in features]
                    orders = [torch.randperm(len(level.features), generator=generator).to(masks.device) for level in levels]
                    for _ in trainer.batch(levels, orders, lr, bounded=epoch > 0):
                        pass

    def _tokens(self, features: Tensor, masks: Tensor | None = None) -> Tokens:
        return tokens_of(features, self.parameters.position_channels, masks)

    def _pixels(self, batch: ImageBatch) -> np.ndarray:
        return batch.pixels(self.parameters.image_size, "bicubic")

    @torch.no_grad()
    def _features(self, pixels: np.ndarray) -> list[Tensor]:
        parts = []
        for start in range(0, len(pixels), CHUNK):
            with self._ctx.autocast():
                levels = self._encoder(to_input(pixels[start : start + CHUNK], IMAGENET_MEAN, IMAGENET_STD, self._ctx.device))
            parts.append([level.float() for level in levels])
        return [torch.cat(levels) for levels in zip(*parts, strict=True)]

    @torch.no_grad()
    def _likelihoods(self, features: list[Tensor]) -> Iterator[list[Tensor]]:
        """Log-likelihoods of a few images at a time, one (B, h, w) per level."""
        for start in range(0, len(features[0]), CHUNK):
            part = [level[start : start + CHUNK] for level in features]
            yield [
                token_likelihood(flow, self._tokens(level)).reshape(len(level), *level.shape[2:])
                for flow, level in zip(self._flows, part, strict=True)
            ]

    def _prediction(self, parts: Iterable[list[Tensor]], maxima: Maxima) -> Prediction:
        maps = torch.cat([anomaly_maps(part, maxima, self._size()) for part in parts])
        return Prediction(image_scores(maps).cpu().numpy(), maps.cpu().numpy())

    def _size(self) -> tuple[int, int]:
        return (self.parameters.image_size, self.parameters.image_size)
