"""PatchCore: distances of patch features to a memory of normal ones (Roth et al., CVPR 2022)."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from adbench import Context, Detector, ImageBatch, Prediction, Support, UserError
from adbench_anomalib.backbone import MixedPrecision, backbone_input, choose_layers, traced
from adbench_anomalib.coreset import greedy_coreset
from adbench_anomalib.models import PatchcoreModel
from adbench_anomalib.parameters import PatchcoreParameters
from adbench_nets import architecture_of, is_vit, load_backbone


class PatchcoreDetector(Detector):
    """anomalib's torch model with our own backbone and a faster coreset."""

    parameters: PatchcoreParameters

    def fit(self, support: Support, ctx: Context) -> None:
        """Fill the memory with a coreset of the patches of the normal images."""
        if not len(support.normal):
            raise UserError("PatchCore learns from normal images, and this support has none.")
        self._prepare(ctx)
        patches = self._patches(support.normal, ctx)
        size = max(1, int(len(patches) * self.parameters.coreset_ratio))
        self.model.memory_bank = patches[greedy_coreset(patches, size, ctx.seed, ctx.progress)]

    def predict(self, batch: ImageBatch) -> Prediction:
        """Scores (B,) and maps (B, S, S), distances in feature space: non-negative, unbounded."""
        with torch.inference_mode():
            output = self.model(backbone_input(batch, self.parameters, self.device))
        return Prediction(scores=output.pred_score, maps=output.anomaly_map[:, 0])

    def state_dict(self) -> dict[str, Tensor]:
        """The memory; the backbone is loaded by name."""
        return {"memory_bank": self.model.memory_bank.contiguous()}

    def load_state_dict(self, state: Mapping[str, Tensor], ctx: Context) -> None:
        """Restore a memory that `state_dict` gave."""
        self._prepare(ctx)
        self.model.memory_bank = state["memory_bank"].to(ctx.device)

    def _prepare(self, ctx: Context) -> None:
        self.device = ctx.device
        self.model = build_model(self.parameters, ctx)

    def _patches(self, normal: ImageBatch, ctx: Context) -> Tensor:
        limit = self.parameters.max_patches
        an_image = max(1, limit // len(normal)) if limit else None
        generator = ctx.torch_rng()
        kept = []
        self.model.train()
        with torch.no_grad():
            for batch in ctx.progress(list(normal.batches(self.parameters.batch_size)), "features"):
                patches = self.model(backbone_input(batch, self.parameters, self.device))
                self.model.embedding_store.clear()
                kept.append(_thin_out(patches, len(batch), an_image, generator))
        self.model.eval()
        return torch.cat(kept)


def build_model(parameters: PatchcoreParameters, ctx: Context) -> PatchcoreModel:
    """anomalib's PatchCore around resolved weights, with an empty memory, on the device, in evaluation mode."""
    backbone = load_backbone(ctx.weights, parameters.backbone, parameters.architecture)
    architecture = architecture_of(parameters.backbone, parameters.architecture)
    layers = choose_layers(backbone, parameters.layers)
    if is_vit(architecture):
        model = PatchcoreModel(layers, architecture, pre_trained=False, num_neighbors=parameters.neighbours)
        model.feature_extractor.feature_extractor = backbone
        _check_divisible(parameters.image_size, model.feature_extractor.patch_size)
    else:
        with traced(architecture, layers):
            model = PatchcoreModel(layers, backbone, num_neighbors=parameters.neighbours)
    model.feature_extractor = MixedPrecision(model.feature_extractor, ctx)
    return model.to(ctx.device).eval()


def _check_divisible(image_size: int, patch_size: int) -> None:
    if image_size % patch_size:
        raise UserError(
            f"patchcore.image_size = {image_size} is not a multiple of the backbone's patch of {patch_size} pixels: "
            f"use {image_size // patch_size * patch_size}."
        )


def _thin_out(patches: Tensor, images: int, an_image: int | None, generator: torch.Generator) -> Tensor:
    per_image = len(patches) // images
    if an_image is None or an_image >= per_image:
        return patches
    rows = [torch.randperm(per_image, generator=generator)[:an_image] + image * per_image for image in range(images)]
    return patches[torch.cat(rows).to(patches.device)]
