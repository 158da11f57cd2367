"""The DRA detector: fine-tunes a whole network on a few normal and a few abnormal images."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import numpy as np
import torch
from torch import Tensor

from adbench import Context, Detector, ImageBatch, Prediction, Support, UserError
from adbench_fewshot.dra_network import DraNetwork, Outputs, combined_score, mean_scores, response_map
from adbench_fewshot.dra_training import Sampler, Trainer, draw_moments, learning_rate, trunk_input
from adbench_fewshot.parameters import DraParameters
from adbench_fewshot.trunk import load_trunk
from adbench_nets import load_weights

CHUNK = 32
NETWORK = "network."
NORMALS = "normals"


class DraDetector(Detector):
    """DRA, few-shot, without masks."""

    parameters: DraParameters
    _network: DraNetwork
    _sampler: Sampler
    _ctx: Context

    def fit(self, support: Support, ctx: Context) -> None:
        """Train trunk and heads for all epochs and keep the last. Raises `UserError` without images of both kinds."""
        if not len(support.normal) or not len(support.abnormal):
            raise UserError("DRA learns from normal and abnormal images: use the track few-shot with k of at least 1.")
        parameters, size = self.parameters, self.parameters.image_size
        normal, abnormal = (images.pixels(size, "bilinear") for images in (support.normal, support.abnormal))
        self._prepare(normal, abnormal, ctx)
        generator = ctx.torch_rng()
        self._network.initialise_heads(generator)
        self._network.to(ctx.device)
        trainer = Trainer(self._network, parameters, ctx.autocast, scaled=ctx.precision == "fp16")
        batches = self._sampler.batches(ctx.numpy_rng())
        for epoch in ctx.progress(range(parameters.epochs), "training"):
            lr = learning_rate(epoch, parameters.lr, parameters.lr_period)
            for _ in range(parameters.steps):
                trainer.step(next(batches), draw_moments(generator), lr)
        self._network.eval()

    def predict(self, batch: ImageBatch) -> Prediction:
        """Score one batch; under `reference_draw = random` as the first of a test set."""
        return next(iter(self.predict_all([batch])))

    def predict_all(self, batches: Iterable[ImageBatch]) -> Iterator[Prediction]:
        """Score a test set, one prediction per batch."""
        rng = self._ctx.numpy_rng()
        fixed = self._reference_features(rng) if self.parameters.reference_draw == "fixed" else None
        for batch in batches:
            references = fixed or self._reference_features(rng)
            parts = [self._score(part, references) for part in batch.batches(CHUNK)]
            scores, maps = (torch.cat(values).cpu().numpy() for values in zip(*parts, strict=True))
            yield Prediction(scores, maps)

    def state_dict(self) -> dict[str, Tensor]:
        """The network, and the normals used as references, (k, 3, S, S) uint8."""
        state = {NETWORK + name: tensor.detach().cpu().contiguous() for name, tensor in self._network.state_dict().items()}
        return {**state, NORMALS: torch.from_numpy(self._sampler.normal.copy())}

    def load_state_dict(self, state: Mapping[str, Tensor], ctx: Context) -> None:
        """Restore the detector that gave `state`. Raises `UserError` if it is not the state of such a DRA."""
        if NORMALS not in state:
            raise UserError(f"This is not the state of a fitted DRA, it has no {NORMALS!r}: give one saved by DRA.")
        normal = state[NORMALS].cpu().numpy()
        self._prepare(normal, np.zeros_like(normal[:0]), ctx)
        network = {name.removeprefix(NETWORK): tensor for name, tensor in state.items() if name.startswith(NETWORK)}
        load_weights(self._network, network, "The saved tensors", "Load them with the parameters they were saved with.")
        self._network.to(ctx.device).eval()

    def _prepare(self, normal: np.ndarray, abnormal: np.ndarray, ctx: Context) -> None:
        parameters = self.parameters
        self._ctx = ctx
        trunk = load_trunk(ctx.weights, parameters.weights, parameters.architecture)
        self._network = DraNetwork(trunk, trunk.width, parameters.top_share, parameters.scales)
        self._sampler = Sampler(normal, abnormal, parameters, ctx.device)

    @torch.no_grad()
    def _reference_features(self, rng: np.random.Generator) -> list[Tensor]:
        return self._features(self._sampler.references(rng))

    @torch.no_grad()
    def _score(self, batch: ImageBatch, references: list[Tensor]) -> tuple[Tensor, Tensor]:
        pixels = batch.pixels(self.parameters.image_size, "bilinear")
        features = self._features(trunk_input(pixels, self._ctx.device))
        outputs = [self._network.outputs(level, reference) for level, reference in zip(features, references, strict=True)]
        return combined_score(mean_scores(outputs)), self._map(outputs)

    def _features(self, images: Tensor) -> list[Tensor]:
        with self._ctx.autocast():
            return [level.float() for level in self._network.features(images)]

    def _map(self, outputs: list[Outputs]) -> Tensor:
        heads = ("seen",) if self.parameters.map_heads == "seen" else ("seen", "pseudo", "composite")
        return response_map(outputs, heads)
