"""Saving by a truly frozen backbone: MVFA's train step against one that leaves the backbone trainable.

Random weights at the shapes of ViT-L/14 and 240 px. Both steps alternate in this process, on the same batch, and must
report the same loss. The frozen step is the product's (`Trainer.step` on first-stage tokens computed once); the other
computes gradients for every weight of the vision tower, as the release does, and starts from the pixels.

    python benchmarks/mvfa_step.py [--repeats 5] [--batch 1] [--threads 2] [--device cpu]
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Callable

import open_clip
import torch
import torch.nn.functional as F
from open_clip.model import CLIP
from torch import Tensor

from adbench_mvfa.adapters import Adapters
from adbench_mvfa.network import adapt, stem
from adbench_mvfa.training import Loss, Trainer, level_losses
from adbench_nets import Batch, Tower, build_tower, stage_ends

ARCHITECTURE = "ViT-L-14-336"
SIDE = 240
TARGET = 1.6


def random_tower(device: str) -> Tower:
    """The vision tower of ViT-L/14 with random weights; the text tower, which no step uses, is a stub."""
    config = open_clip.get_model_config(ARCHITECTURE)
    config["text_cfg"] |= {"width": 64, "heads": 1, "layers": 1}
    return build_tower(config, CLIP(**config).state_dict(), SIDE, device)


def random_batch(tower: Tower, adapters: Adapters, images: Tensor) -> Batch:
    """Abnormal images with a square lesion."""
    count, device = len(images), images.device
    masks = torch.zeros(count, SIDE, SIDE, device=device)
    masks[:, 60:120, 80:160] = 1
    text = F.normalize(torch.randn(count, tower.embed_dim, 2, device=device), dim=1)
    ones = torch.ones(count, device=device)
    return Batch(stem(tower, adapters, images), ones, masks, ones.bool(), text)


def trainable_step(trainer: Trainer, images: Tensor, batch: Batch) -> Tensor:
    """One step as in the release: gradients for the whole vision tower, none of them used."""
    tower, adapters = trainer.tower, trainer.adapters
    adapters.zero_grad(set_to_none=True)
    tower.model.visual.zero_grad(set_to_none=True)
    first_stage = tower.run(tower.embed(images), 0, adapters.levels[0])
    tokens = adapt(tower, adapters, first_stage)
    loss = level_losses(tokens.seg, tokens.det, batch, tower.grid, trainer.loss).total().mean()
    loss.backward()
    trainer.seg.step()
    trainer.det.step()
    return loss.detach()


def timed(step: Callable[[], Tensor], device: str) -> tuple[float, float]:
    """Seconds and loss of one step."""
    synchronize = torch.cuda.synchronize if device.startswith("cuda") else lambda: None
    synchronize()
    start = time.perf_counter()
    loss = step()
    synchronize()
    return time.perf_counter() - start, loss.item()


def main() -> int:
    """Time both steps, print the ratio, return 1 below the target."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--batch", type=int, default=1)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--device", default="cpu")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    torch.manual_seed(0)
    device = arguments.device

    tower = random_tower(device)
    adapters = Adapters(tower.width, tower.embed_dim, stage_ends(tower.blocks)).to(device)
    images = torch.rand(arguments.batch, 3, SIDE, SIDE, device=device)
    batch = random_batch(tower, adapters, images)
    # A tiny learning rate, so that both steps see the same weights at every repeat.
    trainer = Trainer(tower, adapters, 1e-12, Loss((SIDE, SIDE)))

    def frozen() -> Tensor:
        return trainer.step(batch)

    def trainable() -> Tensor:
        return trainable_step(trainer, images, batch)

    seconds: dict[str, list[float]] = {"frozen": [], "trainable": []}
    losses: dict[str, float] = {}
    for repeat in range(arguments.repeats + 1):
        for name, step in (("frozen", frozen), ("trainable", trainable)):
            tower.model.visual.requires_grad_(name == "trainable")
            took, losses[name] = timed(step, device)
            tower.model.visual.zero_grad(set_to_none=True)
            if repeat:  # the first round warms up
                seconds[name].append(took)
    took, _ = timed(lambda: stem(tower, adapters, images).sum(), device)

    medians = {name: statistics.median(values) for name, values in seconds.items()}
    ratio = medians["trainable"] / medians["frozen"]
    print(f"{ARCHITECTURE} shapes, {SIDE} px, batch {arguments.batch}, {device}, {arguments.threads} threads")
    print(f"losses: frozen {losses['frozen']:.6f}, trainable {losses['trainable']:.6f}")
    print(f"trainable backbone: {medians['trainable']:.3f} s per step (median of {arguments.repeats})")
    print(f"frozen, first stage computed once: {medians['frozen']:.3f} s per step; its first stage, once: {took:.3f} s")
    print(f"ratio without counting the first stage: {ratio:.2f} (target {TARGET})")
    print(f"ratio if it were computed in every step: {medians['trainable'] / (medians['frozen'] + took):.2f}")
    same = abs(losses["frozen"] - losses["trainable"]) < 1e-3 * max(1.0, abs(losses["frozen"]))
    return 0 if same and ratio >= TARGET else 1


if __name__ == "__main__":
    sys.exit(main())
