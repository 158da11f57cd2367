"""Test the embedded tiny weights on held-out images of their own world: `python benchmarks/check_tiny_weights.py`.

Prints, for the CLIP, the accuracy of naming an image, the AUROC of flawless against damaged images and of cells against
the masks, without any training; for the CNN, the accuracy of naming, and the AUROC of cells by their distance to the
cells of the same image's flawless twin (what a memory of normal features could reach).
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
import timm
import torch
import torch.nn.functional as F
from safetensors.torch import load_file
from sklearn.metrics import roc_auc_score
from torch import Tensor

from adbench_nets import build_tower, text_features
from adbench_nets.clip.tiny import expand
from tiny_batches import Batch, picture, scenes, stack
from tiny_world import NAMES
from train_tiny_weights import CNN, DEVIATION, LOGIT_SCALE, MEAN, covered_cells


def held_out(seed: int, each: int) -> tuple[Batch, Batch]:
    """Flawless images and their damaged twins, of scenes that training seeds below 1000 never drew."""
    rng = np.random.default_rng(1000 + seed)
    pool = scenes(rng, each)
    return tuple(stack([picture(rng, *scene, strength) for scene in pool]) for strength in (0.0, 1.0))


@torch.no_grad()
def check_clip(folder: Path, flawless: Batch, damaged: Batch) -> dict[str, float]:
    """Figures of `tiny_clip` without training."""
    config = json.loads((folder / "tiny_clip.json").read_text(encoding="utf-8"))["model_config"]
    tower = build_tower(config, expand(load_file(folder / "tiny_clip.safetensors")), 112)
    texts = torch.stack([text_features(tower, name) for name in NAMES])
    visual, images = tower.model.visual, torch.cat([flawless.images, damaged.images])
    tokens = torch.cat([tower.run(tower.embed(part), 0, tower.blocks) for part in images.split(64)])
    embedded = F.normalize(visual.ln_post(tokens) @ visual.proj, dim=-1)
    names = torch.cat([flawless.names, damaged.names])
    logits = LOGIT_SCALE * torch.einsum("ble,bes->bls", embedded, texts[names])
    score = logits[..., 1] - logits[..., 0]
    covered = covered_cells(damaged.masks, tower.grid[0]).flatten(1) > 0.5
    cells = score[len(flawless.names) :, 1:]
    return {
        "naming": (embedded[:, 0] @ texts.mean(-1).T).argmax(1).eq(names).float().mean().item(),
        "image AUROC, class token": roc_auc_score(_labels(flawless, damaged), score[:, 0]),
        "image AUROC, largest cell": roc_auc_score(_labels(flawless, damaged), score[:, 1:].amax(1)),
        "cell AUROC": roc_auc_score(covered.flatten(), cells.flatten()),
        "text cosine": (texts[:, :, 0] * texts[:, :, 1]).sum(1).mean().item(),
    }


@torch.no_grad()
def check_cnn(folder: Path, flawless: Batch, damaged: Batch) -> dict[str, float]:
    """Figures of `tiny_cnn` without training."""
    model = timm.create_model(CNN, num_classes=len(NAMES)).eval()
    model.load_state_dict(load_file(folder / "tiny_cnn.safetensors"))
    mean, deviation = (torch.tensor(values)[:, None, None] for values in (MEAN, DEVIATION))
    last, levels = {}, {}
    for key, batch in (("flawless", flawless), ("damaged", damaged)):
        parts = [model.forward_intermediates(part, indices=[2, 3]) for part in ((batch.images - mean) / deviation).split(64)]
        last[key] = torch.cat([part[0] for part in parts])
        levels[key] = [torch.cat([part[1][level] for part in parts]) for level in (0, 1)]
    named = model.forward_head(last["flawless"]).argmax(1).eq(flawless.names).float().mean().item()
    figures = {"naming": named}
    for number, (normal, odd) in enumerate(zip(levels["flawless"], levels["damaged"], strict=True), start=2):
        distance = torch.cdist(_cells(odd), _cells(normal)).amin(2)
        covered = covered_cells(damaged.masks, odd.shape[-1]).flatten(1) > 0.5
        figures[f"cell AUROC, layer {number}"] = roc_auc_score(covered.flatten(), distance.flatten())
    return figures


def _cells(level: Tensor) -> Tensor:
    return F.avg_pool2d(level, 3, 1, 1).flatten(2).transpose(1, 2)


def _labels(flawless: Batch, damaged: Batch) -> list[int]:
    return [0] * len(flawless.names) + [1] * len(damaged.names)


def main() -> None:
    """Check the files in a folder."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, default=Path(__file__).parent.parent / "plugins" / "adbench_nets")
    parser.add_argument("--each", type=int, default=20, help="scenes of each name")
    options = parser.parse_args()
    torch.set_num_threads(1)
    pairs = held_out(0, options.each)
    for name, figures in (
        ("tiny_clip", check_clip(options.folder, *pairs)),
        ("tiny_cnn", check_cnn(options.folder, *pairs)),
    ):
        for key, value in figures.items():
            print(f"{name}  {key:<28}{value:.3f}")


if __name__ == "__main__":
    main()
