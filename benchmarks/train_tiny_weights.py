"""Train the two embedded tiny weights: `python benchmarks/train_tiny_weights.py --out FOLDER`.

A small CLIP (image-text contrast, and patch tokens of four stages against the flawless and damaged texts by the
defects' masks) and a small CNN (object, defect kind per cell), both on the procedural world of `tiny_world.py`.
About 20 minutes on one core; the same seed, machine and library versions give the same files.
"""

from __future__ import annotations

import argparse
import json
import math
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import timm
import torch
import torch.nn.functional as F
from open_clip.model import CLIP
from safetensors.torch import save_file
from torch import Tensor, nn

from adbench_nets.clip.tiny import compact
from tiny_batches import N_KINDS, Batch, batches, scenes
from tiny_captions import caption_table, vocabulary
from tiny_world import NAMES, Scene

MODEL_CONFIG = {
    "embed_dim": 64,
    "vision_cfg": {"image_size": 112, "layers": 8, "width": 64, "head_width": 16, "patch_size": 14},
    "text_cfg": {"context_length": 77, "vocab_size": 49408, "width": 64, "heads": 2, "layers": 2},
}
STAGES = (2, 4, 6, 8)
LOGIT_SCALE = 100.0
IMAGE_SCALE = 30.0
STATE_COSINE = 0.985
CNN = "test_resnet"
MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


class ClipLearner(nn.Module):
    """The CLIP, which is kept, and heads for its first stages, which are discarded."""

    def __init__(self) -> None:
        super().__init__()
        self.words = vocabulary()
        self.clip = CLIP(**MODEL_CONFIG)
        # Only these rows are trained: a step on the whole table would cost more than the rest of the text tower.
        self.rows = nn.Parameter(self.clip.token_embedding.weight.detach()[self.words].clone())
        self.clip.token_embedding.requires_grad_(False)
        width, embed = MODEL_CONFIG["vision_cfg"]["width"], MODEL_CONFIG["embed_dim"]
        # The form of MVFA's adapters, so that those learn the same in a few steps.
        self.heads = nn.ModuleList(nn.Sequential(nn.Linear(width, embed, bias=False), nn.LeakyReLU()) for _ in STAGES)
        self.names = nn.ModuleList(nn.Linear(width, len(NAMES)) for _ in STAGES)
        self.kinds = nn.ModuleList(nn.Linear(width, N_KINDS + 1) for _ in STAGES)
        self.whole = nn.Linear(width, 2 * len(NAMES))
        self.clip.logit_scale.data.fill_(math.log(LOGIT_SCALE))
        self.clip.logit_scale.requires_grad_(False)

    def stages(self, images: Tensor) -> list[Tensor]:
        """Tokens (B, L + 1, W) after each stage."""
        visual = self.clip.visual
        tokens = visual.conv1(images).flatten(2).transpose(1, 2)
        tokens = torch.cat([visual.class_embedding.expand(len(tokens), 1, -1), tokens], 1)
        tokens = visual.ln_pre(tokens + visual.positional_embedding)
        outputs = []
        for number, block in enumerate(visual.transformer.resblocks, start=1):
            tokens = block(tokens)
            if number in STAGES:
                outputs.append(tokens)
        return outputs

    def texts(self, tokens: Tensor) -> Tensor:
        """Unit embeddings (N, E); only the columns up to the longest text are computed."""
        clip, ends = self.clip, tokens.argmax(-1)
        length = int(ends.max()) + 1
        states = self.rows[torch.searchsorted(self.words, tokens[:, :length].contiguous())] + clip.positional_embedding[:length]
        states = clip.ln_final(clip.transformer(states, attn_mask=clip.attn_mask[:length, :length]))
        return F.normalize(states[torch.arange(len(tokens)), ends] @ clip.text_projection, dim=-1)

    def loss(self, batch: Batch, captions: Tensor) -> dict[str, Tensor]:
        """The parts of the loss for one batch and one caption table (flawless half, damaged half)."""
        outputs, texts = self.stages(batch.images), self.texts(captions)
        visual = self.clip.visual
        embedded = F.normalize(visual.ln_post(outputs[-1]) @ visual.proj, dim=-1)
        abnormal = batch.kinds >= 0
        target = batch.names + abnormal * len(NAMES)
        logits = IMAGE_SCALE * embedded[:, 0] @ texts.T
        flawless, damaged = texts[: len(NAMES)], texts[len(NAMES) :]
        direction = (damaged - flawless)[batch.names]
        patches = [F.normalize(head(out[:, 1:]), dim=-1) for head, out in zip(self.heads, outputs, strict=True)]
        patches.append(embedded[:, 1:])
        covered = covered_cells(batch.masks, round(math.sqrt(embedded.shape[1] - 1))).flatten(1)
        dense = [
            F.binary_cross_entropy_with_logits(
                LOGIT_SCALE * (level * direction[:, None]).sum(-1), covered, pos_weight=torch.tensor(3.0)
            )
            for level in patches
        ]
        kind = torch.where(covered > 0.5, batch.kinds[:, None], N_KINDS)
        kinds = [
            F.cross_entropy(head(out[:, 1:]).flatten(0, 1), kind.flatten(), label_smoothing=0.05)
            for head, out in zip(self.kinds, outputs, strict=True)
        ]
        named = batch.names[:, None].expand_as(kind).flatten()
        names = [F.cross_entropy(head(out[:, 1:]).flatten(0, 1), named) for head, out in zip(self.names, outputs, strict=True)]
        return {
            "image": 0.5 * F.cross_entropy(logits, target),
            "text": 0.5 * one_of_many(logits.T, target[None] == torch.arange(len(texts))[:, None]),
            "dense": torch.stack(dense) @ torch.tensor([0.5, 0.75, 1.0, 1.0, 1.0]),
            "kind": 1.5 * torch.stack(kinds).mean(),
            "names": 0.3 * torch.stack(names).mean(),
            "whole": 0.5 * F.cross_entropy(self.whole(visual.ln_post(outputs[-1][:, 0])), target),
            "apart": 100 * ((flawless * damaged).sum(-1) - STATE_COSINE).square().mean(),
        }


class CnnLearner(nn.Module):
    """The CNN, which is kept, and heads for its middle stages, which are discarded."""

    def __init__(self) -> None:
        super().__init__()
        self.cnn = timm.create_model(CNN, num_classes=len(NAMES))
        channels = [self.cnn.feature_info[level]["num_chs"] for level in (2, 3)]
        self.kinds = nn.ModuleList(nn.Conv2d(width, N_KINDS + 1, 1) for width in channels)
        self.objects = nn.ModuleList(nn.Conv2d(width, len(NAMES), 1) for width in channels)

    def loss(self, batch: Batch) -> dict[str, Tensor]:
        """The parts of the loss for one batch."""
        mean, deviation = (torch.tensor(values)[:, None, None] for values in (MEAN, DEVIATION))
        last, levels = self.cnn.forward_intermediates(
            (batch.images - mean) / deviation, indices=[2, 3], output_fmt="NCHW", intermediates_only=False
        )
        kinds, objects = [], []
        for kind_head, object_head, level in zip(self.kinds, self.objects, levels, strict=True):
            covered = covered_cells(batch.masks, level.shape[-1])
            kind = torch.where(covered > 0.5, batch.kinds[:, None, None], N_KINDS)
            kinds.append(F.cross_entropy(kind_head(level), kind))
            names = batch.names[:, None, None].expand(level.shape[0], *level.shape[2:])
            objects.append(F.cross_entropy(object_head(level), names))
        return {
            "image": F.cross_entropy(self.cnn.forward_head(last), batch.names),
            "kind": torch.stack(kinds).sum(),
            "object": 0.5 * torch.stack(objects).sum(),
        }


def covered_cells(masks: Tensor, grid: int) -> Tensor:
    """(B, grid, grid) in [0, 1]: how much a cell counts as defective, fully from a quarter of its area on."""
    return (F.adaptive_avg_pool2d(masks[:, None], grid)[:, 0] * 4).clamp(max=1.0)


def one_of_many(logits: Tensor, positive: Tensor) -> Tensor:
    """Cross entropy of rows with the distribution over their positives, for rows that have one."""
    rows = positive.any(dim=1)
    weights = positive[rows].float()
    return -(weights / weights.sum(1, keepdim=True) * logits[rows].log_softmax(dim=1)).sum(1).mean()


def whiten_patches(clip: CLIP, pool: list[tuple[int, Scene]], rng: np.random.Generator) -> None:
    """Start the patch embedding as the whitened principal components of the world's patches, which needs fewer steps."""
    side, width = clip.visual.conv1.kernel_size[0], clip.visual.conv1.out_channels
    cut = []
    for place in rng.integers(len(pool), size=8000):
        image = pool[place][1].image
        top, left = rng.integers(0, image.shape[0] - side, size=2)
        cut.append(image[top : top + side, left : left + side].transpose(2, 0, 1).ravel() / 255)
    patches = np.stack(cut)
    values, vectors = np.linalg.eigh(np.cov(patches, rowvar=False))
    filters = (vectors / np.sqrt(values + 1e-3))[:, ::-1][:, :width].T
    clip.visual.conv1.weight.data = torch.from_numpy(np.float32(0.5 * filters)).reshape(width, 3, side, side)


def start_attention(clip: CLIP, generator: torch.Generator) -> None:
    """Start positions as sines and attention as in trained transformers: tokens first attend to similar and near ones.

    Mimetic initialisation (Trockman and Kolter 2023): query times key near the identity, value times output near minus
    the identity.
    """
    visual = clip.visual
    width, side = visual.conv1.out_channels, visual.grid_size[0]
    place = torch.arange(side) / side * 2 * math.pi
    waves = torch.cat([wave(place[:, None] * k / 2) for k in range(1, width // 8 + 1) for wave in (torch.sin, torch.cos)], 1)
    decay = 1 / torch.arange(1, width // 8 + 1).repeat_interleave(2).sqrt()
    rows, columns = (waves * decay)[:, None].expand(-1, side, -1), (waves * decay)[None].expand(side, -1, -1)
    grid = torch.cat([rows, columns], -1).flatten(0, 1)
    visual.positional_embedding.data[1:, : grid.shape[1]] = grid
    for block in visual.transformer.resblocks:
        heads, attention = block.attn.num_heads, block.attn
        narrow = width // heads
        draws = lambda *shape: torch.randn(*shape, generator=generator)  # noqa: E731
        for head in range(heads):
            left, values, right = torch.linalg.svd(0.7 * draws(width, width) / width**0.5 + 0.7 * torch.eye(width))
            root = values[:narrow].sqrt()
            attention.in_proj_weight.data[head * narrow : (head + 1) * narrow] = (left[:, :narrow] * root).T
            attention.in_proj_weight.data[width + head * narrow : width + (head + 1) * narrow] = right[:narrow] * root[:, None]
        left, values, right = torch.linalg.svd(0.4 * draws(width, width) / width**0.5 - 0.4 * torch.eye(width))
        attention.in_proj_weight.data[2 * width :] = right * values.sqrt()[:, None]
        attention.out_proj.weight.data = left * values.sqrt()


def train(learner: nn.Module, losses: Iterator[dict[str, Tensor]], steps: int, rate: float, name: str) -> None:
    """AdamW with warm-up and a cosine, and a line of figures at intervals."""
    parameters = [parameter for parameter in learner.parameters() if parameter.requires_grad]
    flat, deep = [p for p in parameters if p.ndim < 2], [p for p in parameters if p.ndim >= 2]
    groups = [{"params": deep, "weight_decay": 0.03}, {"params": flat, "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, lr=rate, betas=(0.9, 0.98), fused=True)
    warm = max(1, steps // 20)
    shape = lambda step: min((step + 1) / warm, 0.5 + 0.5 * math.cos(math.pi * step / steps))  # noqa: E731
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, shape)
    start, smooth = time.monotonic(), dict[str, float]()
    for step, parts in enumerate(losses):
        optimizer.zero_grad()
        torch.stack(list(parts.values())).sum().backward()
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
        schedule.step()
        smooth = {key: 0.98 * smooth.get(key, value.item()) + 0.02 * value.item() for key, value in parts.items()}
        if step % 100 == 99 or step == steps - 1:
            figures = "  ".join(f"{key} {value:.3f}" for key, value in smooth.items())
            print(f"{name} {step + 1}/{steps}  {figures}  {time.monotonic() - start:.0f} s", flush=True)


def clip_losses(learner: ClipLearner, stream: Iterator[Batch], rng: np.random.Generator) -> Iterator[dict[str, Tensor]]:
    """The losses of successive batches, each with new captions."""
    for batch in stream:
        yield learner.loss(batch, caption_table(rng))


def halved(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """float16 for everything but integers."""
    return {key: tensor.half() if tensor.is_floating_point() else tensor for key, tensor in state.items()}


def save(tensors: dict[str, Tensor], path: Path, notes: dict[str, str]) -> None:
    """Write safetensors, keys sorted, and print the file size."""
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file({key: tensors[key].contiguous() for key in sorted(tensors)}, path, metadata=notes)
    path.chmod(0o644)
    print(f"{path}: {path.stat().st_size / 1e6:.2f} MB")


def main() -> None:
    """Train both and write `tiny_clip.*` and `tiny_cnn.*` into the folder given."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent.parent / "plugins" / "adbench_nets")
    parser.add_argument("--only", choices=("clip", "cnn"))
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--clip-steps", type=int, default=4500)
    parser.add_argument("--cnn-steps", type=int, default=3000)
    parser.add_argument("--batch", type=int, default=20)
    parser.add_argument("--scenes", type=int, default=120, help="flawless scenes of each name")
    options = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(options.seed)
    rng = np.random.default_rng(options.seed)
    pool = scenes(rng, options.scenes)
    notes = {"seed": str(options.seed), "made_by": "benchmarks/train_tiny_weights.py"}
    if options.only != "cnn":
        learner = ClipLearner()
        whiten_patches(learner.clip, pool, rng)
        start_attention(learner.clip, torch.Generator().manual_seed(options.seed))
        stream = batches(rng, pool, options.batch, options.clip_steps)
        train(learner, clip_losses(learner, stream, rng), options.clip_steps, 2e-3, "clip")
        learner.clip.token_embedding.weight.data[learner.words] = learner.rows.data
        save(compact(learner.clip.state_dict(), learner.words), options.out / "tiny_clip.safetensors", notes)
        config = json.dumps({"model_config": MODEL_CONFIG, "quick_gelu": False, "stages": STAGES}, indent=2)
        (options.out / "tiny_clip.json").write_text(config + "\n", encoding="utf-8")
    if options.only != "clip":
        network = CnnLearner().to(memory_format=torch.channels_last)
        stream = batches(rng, pool, options.batch, options.cnn_steps)
        train(network, map(network.loss, stream), options.cnn_steps, 2e-3, "cnn")
        save(
            halved(network.cnn.state_dict()),
            options.out / "tiny_cnn.safetensors",
            notes | {"classes": ", ".join(NAMES)},
        )


if __name__ == "__main__":
    main()
