"""APRIL-GAN: linear layers on frozen CLIP tokens, and a memory of normal patches (Chen et al., VAND 2023)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import torch
from torch import Tensor

from adbench import Context, Detector, ImageBatch, LabelledImages, Prediction, Support, UserError
from adbench_clip.april_network import Compact, Network, Projections, mean_score, remember
from adbench_clip.april_training import Trainer
from adbench_clip.parameters import AprilGanParameters
from adbench_nets import (
    Examples,
    chosen_levels,
    load_tower,
    load_weights,
    shuffled,
    stored_examples,
    text_features,
    to_images,
    zero_shot_examples,
)

CHUNK = 16
EPOCHS = {"few-shot": 15, "zero-shot": 3}
# Images of other sets used to learn the range of map maxima.
RANGE_IMAGES = 256
TEXT, MEMORY, RANGE = "text", "memory", "range"


class AprilGanDetector(Detector):
    """APRIL-GAN, few-shot and zero-shot."""

    parameters: AprilGanParameters
    _network: Network
    _text: Tensor
    _memory: list[Tensor]
    _range: tuple[float, float] | None

    def fit(self, support: Support, ctx: Context) -> None:
        """Train the layers (or load saved ones), build the memory, learn the range of map maxima."""
        generator = ctx.torch_rng()
        self._prepare(ctx, generator)
        self._text = text_features(self._network.tower, support.class_name)
        few = support.track != "zero-shot"
        examples = self._few_shot(support) if few else self._zero_shot(support.auxiliary)
        if self.parameters.projections:
            saved = ctx.weights.state_dict(self.parameters.projections)
            self._load(_plain_names(saved))
        else:
            chosen = self.parameters
            epochs = EPOCHS[support.track] if chosen.epochs is None else chosen.epochs
            passes = ctx.progress(range(epochs), "training")
            orders = (shuffled(examples.count, chosen.batch_size, generator) for _ in passes)
            Trainer(self._network, chosen.lr).train(examples, orders)
        self._range = None
        if self._scales and self.parameters.fusion == "support":
            maxima = self._few_maxima(examples, len(support.normal)) if few else self._zero_maxima(examples, generator)
            self._range = (float(maxima.min()), float(maxima.max()))

    def predict(self, batch: ImageBatch) -> Prediction:
        """Score one batch; under `fusion = test-set` the batch counts as the whole test set."""
        return next(iter(self.predict_all([batch])))

    def predict_all(self, batches: Iterable[ImageBatch]) -> Iterator[Prediction]:
        """Score a test set, one prediction per batch. Under `fusion = test-set` all of it is read before the first prediction."""
        if not (self._scales and self.parameters.fusion == "test-set"):
            for batch in batches:
                yield self._prediction(self._compacts(batch), self._range)
            return
        whole = [self._compacts(batch) for batch in batches]
        maxima = torch.cat([self._maxima(part) for parts in whole for part in parts])
        limits = (float(maxima.min()), float(maxima.max()))
        for parts in whole:
            yield self._prediction(parts, limits)

    def state_dict(self) -> dict[str, Tensor]:
        """Layers, text features, memory and the learnt range."""
        state = {name: tensor.detach().cpu() for name, tensor in self._network.projections.state_dict().items()}
        state |= {f"{MEMORY}.{index}": level.cpu() for index, level in enumerate(self._memory)}
        state[TEXT] = self._text.cpu().contiguous()
        if self._range is not None:
            state[RANGE] = torch.tensor(self._range, dtype=torch.float64)
        return state

    def load_state_dict(self, state: Mapping[str, Tensor], ctx: Context) -> None:
        """Restore the detector that gave `state`; the tower is loaded by name."""
        self._prepare(ctx, ctx.torch_rng())
        self._load(state)
        if TEXT not in state:
            raise UserError("This is not the state of a fitted APRIL-GAN: pass linear layers alone as the parameter projections.")
        self._text = state[TEXT].to(ctx.device)
        names = [f"{MEMORY}.{index}" for index in range(len(self._network.levels))]
        self._memory = [state[name].to(ctx.device) for name in names if name in state]
        low_high = state[RANGE].tolist() if RANGE in state else None
        self._range = (low_high[0], low_high[1]) if low_high else None

    @property
    def _scales(self) -> bool:
        return self.parameters.image_score == "mean"

    def _prepare(self, ctx: Context, generator: torch.Generator) -> None:
        chosen = self.parameters
        tower = load_tower(ctx.weights, chosen.weights, chosen.image_size, ctx.device)
        levels = chosen_levels(chosen.levels, tower.blocks)
        projections = Projections(tower.width, tower.embed_dim, len(levels), generator).to(ctx.device)
        size = (chosen.image_size, chosen.image_size)
        self._network = Network(tower, projections, levels, chosen.mean, chosen.std, size, ctx.autocast)

    def _load(self, state: Mapping[str, Tensor]) -> None:
        load_weights(
            self._network.projections,
            state,
            "The saved linear layers",
            "Use the weights and levels they were trained with.",
            "this CLIP and these levels",
            part=True,
        )

    def _few_shot(self, support: Support) -> Examples:
        """The abnormal images, then the normal ones, whose patches are remembered."""
        if not len(support.normal) or not len(support.abnormal):
            raise UserError(
                "APRIL-GAN learns few-shot from normal and abnormal images: use the track few-shot with k of at least 1."
            )
        abnormal, normal = (torch.cat(list(self._tokens(images))) for images in (support.abnormal, support.normal))
        self._memory = remember(normal)
        side, device = self.parameters.image_size, abnormal.device
        masks = torch.zeros(len(abnormal) + len(normal), side, side, dtype=torch.bool, device=device)
        has_masks = support.abnormal.has_masks
        if has_masks:
            masks[: len(abnormal)] = torch.from_numpy(support.abnormal.masks(side)).to(device)
        labels = (torch.arange(len(masks), device=device) < len(abnormal)).float()
        return stored_examples(torch.cat([abnormal, normal]), labels, masks, has_masks, self._text)

    def _zero_shot(self, auxiliary: tuple[LabelledImages, ...]) -> Examples:
        self._memory = []
        sets = [images for images in auxiliary if len(images)]
        if not sets:
            raise UserError(
                "APRIL-GAN learns zero-shot from other labelled sets, and there are none: run a group of at least two datasets."
            )
        network, tower = self._network, self._network.tower
        features = {name: text_features(tower, name) for name in dict.fromkeys(images.class_name for images in sets)}
        frozen_bytes = 4 * len(network.levels) * tower.width * (tower.grid[0] * tower.grid[1] + 1)
        texts = [features[images.class_name] for images in sets]
        return zero_shot_examples(sets, texts, network.freeze, self.parameters.image_size, frozen_bytes)

    def _few_maxima(self, examples: Examples, normals: int) -> Tensor:
        """Map maxima of the support. A normal image would match itself in the memory, so its own patches are removed first."""
        tokens = examples.fetch(range(examples.count)).frozen
        abnormals = examples.count - normals
        found = [self._maxima(self._compact(part)) for part in tokens[:abnormals].split(CHUNK)]
        cells = self._network.tower.grid[0] * self._network.tower.grid[1]
        for image in range(normals if normals > 1 else 0):
            others = [torch.cat([level[: image * cells], level[(image + 1) * cells :]]) for level in self._memory]
            row = tokens[abnormals + image : abnormals + image + 1]
            found.append(self._maxima(self._network.compact(row, self._text, others)))
        return torch.cat(found)

    def _zero_maxima(self, examples: Examples, generator: torch.Generator) -> Tensor:
        """Map maxima of images of the other sets, each with its own set's text."""
        chosen = torch.randperm(examples.count, generator=generator)[:RANGE_IMAGES].tolist()
        found = []
        for index in chosen:
            image = examples.fetch([index])
            found.append(self._maxima(self._network.compact(image.frozen, image.text[0], [])))
        return torch.cat(found)

    def _tokens(self, images: ImageBatch) -> Iterator[Tensor]:
        for part in images.batches(CHUNK):
            yield self._network.freeze(to_images(part.pixels(self.parameters.image_size), self._text.device))

    def _compacts(self, batch: ImageBatch) -> list[Compact]:
        return [self._compact(tokens) for tokens in self._tokens(batch)]

    def _compact(self, tokens: Tensor) -> Compact:
        return self._network.compact(tokens, self._text, self._memory)

    def _maxima(self, compact: Compact) -> Tensor:
        return self._network.maps(compact).flatten(1).amax(dim=1)

    def _prediction(self, parts: list[Compact], limits: tuple[float, float] | None) -> Prediction:
        maps = torch.cat([self._network.maps(part) for part in parts])
        token = torch.cat([part.token for part in parts])
        highest = maps.flatten(1).amax(dim=1)
        scores = {"mean": mean_score(token, highest, limits), "token": token, "map": highest}
        return Prediction(scores[self.parameters.image_score].cpu(), maps.cpu())


def _plain_names(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The tensors of linear layers without the name prefix of released files."""
    return {name[name.index("fc.") :]: tensor for name, tensor in state.items() if "fc." in name}
