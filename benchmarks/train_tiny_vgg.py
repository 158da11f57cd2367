"""Train the embedded tiny VGG, the source network of `mkd` under the demo preset: `python benchmarks/train_tiny_vgg.py`.

Trained on the procedural world of `tiny_world.py` (the object of the image, the object and the kind of defect per cell)
with batch norm, which is then folded into the convolutions. About 4 minutes on one core; the same seed, machine and
library versions give the same file.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from adbench_mkd.network import Vgg, build_source
from tiny_batches import N_KINDS, Batch, batches, scenes
from tiny_world import NAMES
from train_tiny_weights import DEVIATION, MEAN, covered_cells, halved, save, train

BLOCKS = ((12, 12), (20, 20), (32, 32), (48, 48), (64, 64))


class VggLearner(nn.Module):
    """The VGG, kept with its batch norms folded, and heads that are discarded."""

    def __init__(self) -> None:
        super().__init__()
        layers = [
            nn.Sequential(layer, nn.BatchNorm2d(layer.out_channels)) if isinstance(layer, nn.Conv2d) else layer
            for layer in Vgg(BLOCKS, cloner=False).features
        ]
        self.layers = nn.ModuleList(layers)
        widths = [block[-1] for block in BLOCKS[1:]]
        self.kinds = nn.ModuleList(nn.Conv2d(width, N_KINDS + 1, 1) for width in widths)
        self.objects = nn.ModuleList(nn.Conv2d(width, len(NAMES), 1) for width in widths)
        self.whole = nn.Linear(widths[-1], len(NAMES))

    def pooled(self, images: Tensor) -> list[Tensor]:
        """Outputs of every pooling but the first."""
        outputs = []
        for layer in self.layers:
            images = layer(images)
            if isinstance(layer, nn.MaxPool2d):
                outputs.append(images)
        return outputs[1:]

    def loss(self, batch: Batch) -> dict[str, Tensor]:
        """The parts of the loss for one batch."""
        mean, deviation = (torch.tensor(values)[:, None, None] for values in (MEAN, DEVIATION))
        levels = self.pooled((batch.images - mean) / deviation)
        kinds, objects = [], []
        for kind_head, object_head, level in zip(self.kinds, self.objects, levels, strict=True):
            covered = covered_cells(batch.masks, level.shape[-1])
            kinds.append(F.cross_entropy(kind_head(level), torch.where(covered > 0.5, batch.kinds[:, None, None], N_KINDS)))
            objects.append(F.cross_entropy(object_head(level), batch.names[:, None, None].expand_as(covered)))
        return {
            "image": F.cross_entropy(self.whole(levels[-1].mean(dim=(2, 3))), batch.names),
            "kind": torch.stack(kinds).sum(),
            "object": 0.25 * torch.stack(objects).sum(),
        }

    def folded(self) -> dict[str, Tensor]:
        """The weights of the plain VGG that gives the same outputs in evaluation mode."""
        plain = Vgg(BLOCKS, cloner=False)
        for place, layer in enumerate(self.layers.eval()):
            if isinstance(layer, nn.Sequential):
                plain.features[place] = fuse_conv_bn_eval(layer[0], layer[1])
        return plain.state_dict()


@torch.no_grad()
def largest_deviation(learner: VggLearner, images: Tensor) -> float:
    """Largest difference of outputs before and after folding and halving, relative to the largest output."""
    pairs = zip(learner.eval().pooled(images), build_source(halved(learner.folded()))(images), strict=True)
    return max(float((one - other).abs().max() / one.abs().max()) for one, other in pairs)


def main() -> None:
    """Train and write `tiny_vgg.safetensors` into the folder given."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent.parent / "plugins" / "adbench_nets")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--steps", type=int, default=900)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--scenes", type=int, default=120, help="flawless scenes of each name")
    options = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(options.seed)
    rng = np.random.default_rng(options.seed)
    pool = scenes(rng, options.scenes)
    learner = VggLearner().to(memory_format=torch.channels_last)
    train(learner, map(learner.loss, batches(rng, pool, options.batch, options.steps)), options.steps, 3e-3, "vgg")
    (check,) = batches(rng, pool, options.batch, 1)
    print(f"largest relative deviation after folding and halving: {largest_deviation(learner, check.images):.2g}")
    notes = {"seed": str(options.seed), "made_by": "benchmarks/train_tiny_vgg.py", "classes": ", ".join(NAMES)}
    save(halved(learner.folded()), options.out / "tiny_vgg.safetensors", notes)


if __name__ == "__main__":
    main()
