"""The MKD detector: distil on normal images, score by what the cloner fails to imitate."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import torch
from torch import Tensor

from adbench import Context, Detector, ImageBatch, Prediction, Support, UserError
from adbench_mkd.maps import Pair, grey, magnitude, min_max, noise_deviation, noisy_mean, smooth
from adbench_mkd.network import Vgg, build_cloner, build_source, cloner_blocks
from adbench_mkd.parameters import MkdParameters
from adbench_mkd.training import train
from adbench_nets import IMAGENET_MEAN, IMAGENET_STD, load_weights, shuffled, standardised, to_images

# Gradients with respect to an image keep every activation of a VGG16: about 0.12 GB per image at 224 pixels.
CHUNK = 8
LEVELS = 4
NOISE_SEED = 0


class MkdDetector(Detector):
    """Multiresolution Knowledge Distillation (Salehi et al., CVPR 2021), in float32 throughout as the release."""

    parameters: MkdParameters
    _pair: Pair | None = None
    _device: str

    def fit(self, support: Support, ctx: Context) -> None:
        """Train the cloner on the normal images. Raises `UserError` if there are none, or the weights are not a VGG's."""
        if not len(support.normal):
            raise UserError("mkd learns from normal training images, and this track grants none: use the track full-normal.")
        chosen, generator = self.parameters, ctx.torch_rng()
        source, cloner = self._networks(ctx, generator)
        epochs = ctx.progress(range(chosen.epochs), "epochs")
        orders = (shuffled(len(support.normal), chosen.batch_size, generator) for _ in epochs)
        batches = (self._images(support.normal[rows]) for order in orders for rows in order)
        for _ in train(source, cloner, batches, chosen.lr, chosen.value_weight, chosen.train_levels):
            pass
        self._settle(source, cloner)

    def predict(self, batch: ImageBatch) -> Prediction:
        """Scores and maps of the side `image_size`; gradients are taken even under `torch.no_grad()`."""
        parts = [self._predict(self._images(part)) for part in batch.batches(CHUNK)]
        scores, maps = (torch.cat(values).cpu().numpy() for values in zip(*parts, strict=True))
        return Prediction(scores, maps)

    def state_dict(self) -> dict[str, Tensor]:
        """The cloner; the source is loaded by name."""
        return {name: tensor.detach().cpu().contiguous() for name, tensor in self._trained().cloner.state_dict().items()}

    def load_state_dict(self, state: Mapping[str, Tensor], ctx: Context) -> None:
        """Restore the detector that gave `state`. Raises `UserError` if it is not the state of such a cloner."""
        source, cloner = self._networks(ctx, ctx.torch_rng())
        load_weights(
            cloner,
            state,
            "The saved tensors",
            "Load them with the parameters they were saved with.",
            f"the cloner of weights = {self.parameters.weights} and cloner_width = {self.parameters.cloner_width}",
        )
        self._settle(source, cloner)

    def _networks(self, ctx: Context, generator: torch.Generator) -> tuple[Vgg, Vgg]:
        self._device = ctx.device
        source = build_source(ctx.weights.state_dict(self.parameters.weights))
        cloner = build_cloner(source, cloner_blocks(source.blocks, self.parameters.cloner_width), generator)
        # On a CPU, layers of few channels train up to twice as fast in this layout.
        layout = torch.channels_last
        return source.to(ctx.device, memory_format=layout), cloner.to(ctx.device, memory_format=layout)

    def _settle(self, source: Vgg, cloner: Vgg) -> None:
        skipped = LEVELS - self.parameters.score_levels
        self._pair = Pair(source, cloner.eval().requires_grad_(False), self.parameters.value_weight, skipped)

    def _trained(self) -> Pair:
        if self._pair is None:
            raise RuntimeError("call fit or load_state_dict first")
        return self._pair

    def _images(self, batch: ImageBatch) -> Tensor:
        """(B, 3, H, W) float32, normalised as the parameters say."""
        images = to_images(batch.pixels(self.parameters.image_size, "bilinear"), self._device)
        return images if self.parameters.normalisation == "none" else standardised(images, IMAGENET_MEAN, IMAGENET_STD)

    def _predict(self, images: Tensor) -> tuple[Tensor, Tensor]:
        chosen, pair = self.parameters, self._trained()
        reduce = magnitude if chosen.map_scaling == "none" else grey
        scores, gradients = pair.saliency(images, guided=chosen.map == "guided")
        if chosen.map == "smoothgrad":
            maps = noisy_mean(pair, images, self._noise(images), reduce)
            maps = maps if chosen.map_scaling == "none" else min_max(maps)
        else:
            maps = reduce(gradients)
        maps = smooth(maps, chosen.sigma, chosen.smoothings)
        return scores, min_max(maps) if chosen.map_scaling == "min-max" else maps

    def _noise(self, images: Tensor) -> Iterator[Tensor]:
        # The same draws for every image in any batch: a map must not depend on its neighbours.
        generator = torch.Generator().manual_seed(NOISE_SEED)
        deviation = noise_deviation(images).float()[:, None, None, None]
        for _ in range(self.parameters.noise_draws):
            yield torch.randn(images.shape[1:], generator=generator).to(images.device) * deviation
