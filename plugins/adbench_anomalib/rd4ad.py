"""Reverse distillation: a student that decodes the features of a frozen teacher from a small embedding (CVPR 2022)."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from adbench import Context, Detector, ImageBatch, Prediction, Support, UserError
from adbench_anomalib.backbone import FIRST_STRIDES, MixedPrecision, backbone_input, cut_backbone
from adbench_anomalib.models import (
    AnomalyMapGenerationMode,
    ReverseDistillationLoss,
    ReverseDistillationModel,
    TimmFeatureExtractor,
    get_bottleneck_layer,
    get_decoder,
)
from adbench_anomalib.parameters import Rd4adParameters
from adbench_anomalib.reverse import Fusion, Unfolding
from adbench_nets import architecture_of, seeded, shuffled

LEARNED = ("bottleneck", "decoder")
# Widths of the three levels in anomalib's and the authors' networks, before the expansion of the ResNet's block.
RESNET_WIDTHS = (64, 128, 256)
# Side of the image divided by that of the embedding.
EMBEDDING_STRIDE = 32


class Rd4adDetector(Detector):
    """anomalib's torch model and loss with our own backbone."""

    parameters: Rd4adParameters

    def fit(self, support: Support, ctx: Context) -> None:
        """Train bottleneck and decoder on the normal images; the last epoch is kept."""
        self._prepare(ctx)
        p, loss, generator = self.parameters, ReverseDistillationLoss(), ctx.torch_rng()
        learned = [*self.model.decoder.parameters(), *self.model.bottleneck.parameters()]
        adam = torch.optim.Adam(learned, lr=p.lr, betas=p.betas)
        self.model.train()
        for _ in ctx.progress(range(p.epochs), "epochs"):
            for rows in shuffled(len(support.normal), p.batch_size, generator):
                adam.zero_grad()
                loss(*self.model(backbone_input(support.normal[rows], p, self.device))).backward()
                adam.step()
        self.model.eval()

    def predict(self, batch: ImageBatch) -> Prediction:
        """Scores (B,), the maximum of maps (B, S, S): sums over the levels of 1 - cosine, in [0, 2 x levels]."""
        with torch.inference_mode():
            output = self.model(backbone_input(batch, self.parameters, self.device))
        return Prediction(scores=output.pred_score[:, 0], maps=output.anomaly_map[:, 0])

    def state_dict(self) -> dict[str, Tensor]:
        """Bottleneck and decoder; the backbone is loaded by name."""
        state = self.model.state_dict()
        return {key: tensor.contiguous() for key, tensor in state.items() if key.partition(".")[0] in LEARNED}

    def load_state_dict(self, state: Mapping[str, Tensor], ctx: Context) -> None:
        """Restore what `state_dict` gave."""
        self._prepare(ctx)
        for part in LEARNED:
            inside = {key.removeprefix(f"{part}."): value for key, value in state.items() if key.startswith(f"{part}.")}
            getattr(self.model, part).load_state_dict(inside)
        self.model.eval()

    def _prepare(self, ctx: Context) -> None:
        self.device = ctx.device
        with seeded(ctx.seed):
            self.model = build_model(self.parameters, ctx)


def build_model(parameters: Rd4adParameters, ctx: Context) -> ReverseDistillationModel:
    """anomalib's model around resolved weights, with a random bottleneck and decoder, on the device.

    Raises:
        UserError: the networks cannot be built for this image side or these levels.
    """
    check_side(parameters.image_size)
    encoder = cut_backbone(parameters, ctx, FIRST_STRIDES)
    widths, halvings = measure(encoder, parameters.image_size)
    architecture = architecture_of(parameters.backbone, parameters.architecture)
    side = (parameters.image_size, parameters.image_size)
    # Its constructor knows only ResNets: build the smallest and replace its networks.
    maps = AnomalyMapGenerationMode(parameters.maps)
    model = ReverseDistillationModel("resnet18", side, ["layer1", "layer2", "layer3"], maps, pre_trained=False)
    model.encoder = MixedPrecision(encoder, ctx)
    model.bottleneck, model.decoder = build_student(architecture, widths, halvings, parameters.bottleneck)
    return model.to(ctx.device)


def check_side(image_size: int) -> None:
    """Raise `UserError` if an image side does not give the embedding whole cells."""
    if image_size % EMBEDDING_STRIDE:
        nearest = max(1, round(image_size / EMBEDDING_STRIDE)) * EMBEDDING_STRIDE
        raise UserError(f"rd4ad.image_size = {image_size} is not a multiple of {EMBEDDING_STRIDE}: use {nearest}.")


def measure(encoder: TimmFeatureExtractor, image_size: int) -> tuple[list[int], list[int]]:
    """Channels of the levels, and how often each one's side must be halved to reach that of the deepest.

    Raises:
        UserError: levels are not in order, or their sides are not repeated halves.
    """
    with torch.no_grad():
        shapes = [feature.shape for feature in encoder(torch.zeros(1, 3, image_size, image_size)).values()]
    ratios = [shape[-1] / shapes[-1][-1] for shape in shapes]
    halvings = [math.log2(ratio) for ratio in ratios]
    if halvings != sorted(map(int, halvings), reverse=True) or shapes[-1][-1] % 2:
        sides = ", ".join(str(shape[-1]) for shape in shapes)
        raise UserError(
            f"rd4ad needs levels that halve in side, with an even side for the deepest; these have {sides} "
            "cells per side: choose other rd4ad.layers, or an image_size that is a multiple of 64."
        )
    return [shape[1] for shape in shapes], [int(halving) for halving in halvings]


def build_student(architecture: str, widths: Sequence[int], halvings: Sequence[int], width: str) -> tuple[nn.Module, nn.Module]:
    """Bottleneck and decoder: anomalib's if it has them for this network and these levels, else our own of that shape."""
    try:
        decoder = get_decoder(architecture)
    except ValueError:
        decoder = None
    expansion = 1 if architecture in ("resnet18", "resnet34") else 4
    if decoder is None or list(widths) != [expansion * channels for channels in RESNET_WIDTHS] or list(halvings) != [2, 1, 0]:
        return Fusion(widths, halvings), Unfolding(widths, halvings)
    wide = width == "authors" and architecture.startswith("wide_")
    return get_bottleneck_layer(architecture, **({"width_per_group": 128} if wide else {})), decoder
