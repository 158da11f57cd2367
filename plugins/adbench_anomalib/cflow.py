"""CFlow-AD: likelihoods of frozen features under flows conditioned on the position in the image (WACV 2022)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

import torch
from torch import Tensor

from adbench import Context, Detector, ImageBatch, Prediction, Support, UserError
from adbench_anomalib.backbone import LAST_STRIDES, MixedPrecision, backbone_input, cut_backbone
from adbench_anomalib.cflow_flows import learning_rate, likelihoods, new_flows, normality, train_batch
from adbench_anomalib.parameters import CflowParameters
from adbench_nets import load_weights, shuffled


class CflowDetector(Detector):
    """anomalib's flows, trained as in the paper, with maxima that use no test image."""

    parameters: CflowParameters

    def fit(self, support: Support, ctx: Context) -> None:
        """Train the flows on the normal images, then find the greatest likelihood of each level on them."""
        if not len(support.normal):
            raise UserError("CFlow learns from normal images, and this support has none.")
        self._prepare(ctx)
        p, generator = self.parameters, ctx.torch_rng()
        adam = torch.optim.Adam(self.flows.parameters(), lr=p.lr)
        a_pass = -(-len(support.normal) // p.batch_size)
        a_meta_epoch = a_pass * p.sub_epochs
        step = 0
        self.flows.train()
        for _ in ctx.progress(range(p.meta_epochs * p.sub_epochs), "epochs"):
            for rows in shuffled(len(support.normal), p.batch_size, generator):
                adam.param_groups[0]["lr"] = learning_rate(p, step / a_meta_epoch)
                train_batch(self.flows, self._features(support.normal[rows]), adam, p.fibre, generator)
                step += 1
        self.flows.eval()
        found = [self._likelihoods(batch) for batch in support.normal.batches(p.batch_size)]
        self.maxima = greatest(found)

    def predict(self, batch: ImageBatch) -> Prediction:
        """Scores (B,), the maximum of maps (B, S, S): the number of levels minus the sum of their relative likelihoods.

        Under `maxima=batch`, as in anomalib, the maxima are the batch's and the map's zero its most normal pixel; under
        `test-set` the batch counts as the whole set; only `predict_all` sees more.
        """
        found = self._likelihoods(batch)
        return self._prediction(found, self.maxima if self.parameters.maxima == "train" else greatest([found]))

    def predict_all(self, batches: Iterable[ImageBatch]) -> Iterator[Prediction]:
        """As `predict`, except under `maxima=test-set`, which reads the whole set before scoring the first image."""
        if self.parameters.maxima != "test-set":
            yield from super().predict_all(batches)
            return
        found = [self._likelihoods(batch) for batch in batches]
        maxima = greatest(found)
        for levels in found:
            yield self._prediction(levels, maxima)

    def state_dict(self) -> dict[str, Tensor]:
        """The flows, and the maxima over the training normals (L,)."""
        return {"maxima": self.maxima, **{f"flows.{key}": value.contiguous() for key, value in self.flows.state_dict().items()}}

    def load_state_dict(self, state: Mapping[str, Tensor], ctx: Context) -> None:
        """Restore what `state_dict` gave."""
        self._prepare(ctx)
        self.maxima = state["maxima"].to(ctx.device)
        flows = {key.removeprefix("flows."): value for key, value in state.items() if key != "maxima"}
        load_weights(self.flows, flows, "The saved flows", "Load them with the parameters they were saved with.")
        self.flows.eval()

    def _prepare(self, ctx: Context) -> None:
        self.device = ctx.device
        extractor = cut_backbone(self.parameters, ctx, LAST_STRIDES)
        self.layers = extractor.layers
        self.flows = new_flows(extractor.out_dims, self.parameters, ctx.torch_rng()).to(ctx.device)
        self.encoder = MixedPrecision(extractor, ctx).to(ctx.device)

    def _features(self, batch: ImageBatch) -> list[Tensor]:
        features = self.encoder(backbone_input(batch, self.parameters, self.device))
        return [features[layer] for layer in self.layers]

    @torch.no_grad()
    def _likelihoods(self, batch: ImageBatch) -> list[Tensor]:
        return likelihoods(self.flows, self._features(batch))

    def _prediction(self, found: Sequence[Tensor], maxima: Tensor) -> Prediction:
        normal = normality(found, list(maxima), self.parameters.image_size)
        most = normal.max() if self.parameters.maxima == "batch" else float(len(found))
        maps = most - normal
        return Prediction(scores=maps.amax(dim=(1, 2)), maps=maps)


def greatest(batches: Sequence[Sequence[Tensor]]) -> Tensor:
    """(L,) the maximum of each level over all batches."""
    return torch.stack([torch.stack([level.max() for level in levels]) for levels in batches]).amax(dim=0)
