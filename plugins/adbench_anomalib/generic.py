"""The detector behind `anomalib:NAME`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from adbench import Context, Detector, ImageBatch, Prediction, Support, UserError
from adbench_anomalib.generic_models import build_module, image_side, in_one_line
from adbench_anomalib.generic_training import Normals, to_unit, train
from adbench_anomalib.parameters import AnomalibParameters
from adbench_nets import seeded


class AnomalibDetector(Detector):
    """A Lightning module of anomalib, trained by its own steps; scores and maps are the unchanged output of its torch model."""

    parameters: AnomalibParameters

    def fit(self, support: Support, ctx: Context) -> None:
        """Train on the normal images."""
        with seeded(ctx.seed):
            self._prepare(ctx)
            normals = Normals(support.normal, self.size, self.parameters.batch_size, ctx.torch_rng())
            with in_one_line(self.card.argument, "trained"):
                train(self.module, normals, self.parameters.epochs, ctx)
        self._settle(ctx)

    def predict(self, batch: ImageBatch) -> Prediction:
        """Scores (B,) in any range, and maps (B, h, w) if the model has them."""
        images = to_unit(batch.pixels(self.size, "bilinear")).to(self.device)
        with torch.no_grad(), in_one_line(self.card.argument, "used"):
            output = self.module.model(self.module.pre_processor.transform(images))
        return to_prediction(self.card.name, len(batch), output)

    def state_dict(self) -> dict[str, Tensor]:
        """All parameters and buffers, including the backbone's."""
        return {key: value.detach().clone().contiguous() for key, value in self.module.state_dict().items()}

    def load_state_dict(self, state: Mapping[str, Tensor], ctx: Context) -> None:
        """Restore what `state_dict` gave."""
        with seeded(ctx.seed):
            self._prepare(ctx)
        resize_buffers(self.module, state)
        self.module.load_state_dict(state)
        self._settle(ctx)

    def _prepare(self, ctx: Context) -> None:
        self.device = ctx.device
        self.module = build_module(self.card.argument, self.parameters, ctx.weights)
        self.size = image_side(self.module)

    def _settle(self, ctx: Context) -> None:
        self.module.to(ctx.device).eval()


def to_prediction(name: str, images: int, output: Any) -> Prediction:
    """anomalib's outputs without their singleton axes; without an image score, the map's maximum, as in anomalib."""
    scores, maps = getattr(output, "pred_score", None), getattr(output, "anomaly_map", None)
    if maps is not None:
        maps = maps.reshape(images, *maps.shape[-2:]).float()
    if scores is not None:
        return Prediction(scores=scores.reshape(images).float(), maps=maps)
    if maps is None:
        raise UserError(f"{name} gave neither scores nor maps: this version of anomalib is not supported.")
    return Prediction(scores=maps.amax(dim=(-2, -1)), maps=maps)


def resize_buffers(module: torch.nn.Module, state: Mapping[str, Tensor]) -> None:
    """Resize memories, whose size is known only after training."""
    for name, buffer in list(module.named_buffers()):
        if name in state and state[name].shape != buffer.shape:
            owner, _, key = name.rpartition(".")
            module.get_submodule(owner)._buffers[key] = torch.empty_like(state[name])
