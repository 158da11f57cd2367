"""CLIP: the tower, its texts and its resized position embedding against `clip/`, `mvfa/text.npz`, `mvfa/backbone.npz`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from adbench_nets import ABNORMAL_STATES, NORMAL_STATES, Tower, build_tower, prompt_embeddings, prompts, text_features, tokenize
from parity_checks.report import Report

WEIGHTS = "clip/clip_without_token_embedding_fp16.safetensors"
EMBEDDING = "clip/token_embedding_ternary.npz"
CONFIG = "clip/config.json"


@dataclass(frozen=True)
class Golden:
    """The golden CLIP in the product's tower, and its sizes."""

    tower: Tower
    side: int
    levels: tuple[int, ...]
    bottleneck: int


def golden_clip(report: Report) -> Golden:
    """Build the product's tower from the golden weights."""
    model = [name.partition(":")[2] for name in report.demand(f"{CONFIG}:model_config/*")]
    config = _tree(report.load_keys(CONFIG, [*model, "img_size", "features", "bottleneck"]))
    state = {key: torch.from_numpy(array) for key, array in report.load_file(WEIGHTS).items()}
    state["token_embedding.weight"] = torch.from_numpy(report.load(f"{EMBEDDING}:q")).float() / 64
    tower = build_tower(config["model_config"], state, config["img_size"])
    return Golden(tower, config["img_size"], tuple(config["features"]), config["bottleneck"])


def check(folder: Path, report: Report) -> None:
    """Compare texts, position embedding and plain blocks."""
    torch.set_num_threads(1)
    golden = golden_clip(report)
    gelu = all(isinstance(block.mlp.gelu, nn.GELU) for block in golden.tower.model.visual.transformer.resblocks)
    report.exact(f"{CONFIG}:quick_gelu", not gelu)
    _check_text(golden.tower, report)
    _check_backbone(golden.tower, report)


def _check_text(tower: Tower, report: Report) -> None:
    file = "mvfa/text.npz"
    names = [str(name) for name in report.load(f"{file}:class_names")]
    for index, name in enumerate(names):
        for kind, states in (("normal", NORMAL_STATES), ("abnormal", ABNORMAL_STATES)):
            # The first class is required; the release's texts of other classes are optional.
            if index == 0 or report.has(f"{file}:tokens_{kind}_class{index}"):
                texts = prompts(name, states)
                report.exact(f"{file}:tokens_{kind}_class{index}", tokenize(texts, tower.model.context_length))
                report.compare(f"{file}:prompt_emb_{kind}_class{index}", prompt_embeddings(tower, texts), atol=2e-5)
    features = np.stack([text_features(tower, name).numpy() for name in names])
    report.compare(f"{file}:text_features", features, atol=2e-6)


@torch.no_grad()
def _check_backbone(tower: Tower, report: Report) -> None:
    file = "mvfa/backbone.npz"
    images = torch.from_numpy(report.load("mvfa/tokens.npz:images"))
    report.compare(f"{file}:pos_embed_resized", tower.model.visual.positional_embedding, atol=1e-6)
    shown = len(report.expected(f"{file}:block_outputs"))
    tokens = tower.embed(images[:shown])
    report.compare(f"{file}:embeddings", tokens, atol=1e-4)
    outputs = []
    for block in range(tower.blocks):
        tokens = tower.run(tokens, block, block + 1)
        outputs.append(tokens)
    report.compare(f"{file}:block_outputs", torch.stack(outputs, dim=1), atol=1e-4)
    pooled = len(report.expected(f"{file}:pooled"))
    whole = tower.run(tower.embed(images[:pooled]), 0, tower.blocks)
    report.compare(f"{file}:pooled", tower.pooled(whole), atol=1e-4)


def _tree(leaves: dict[str, Any]) -> dict[str, Any]:
    tree: dict[str, Any] = {}
    for name, value in leaves.items():
        *parents, key = name.split("/")
        node = tree
        for parent in parents:
            node = node.setdefault(parent, {})
        node[key] = value
    return tree
