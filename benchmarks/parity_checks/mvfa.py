"""MVFA: tokens, maps, losses, gradients, three training steps, augmentation and the official scores against `mvfa/`."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from adbench.metrics.ranking import auroc
from adbench_mvfa.adapters import Adapters
from adbench_mvfa.augment import augment
from adbench_mvfa.fusion import Branches, fused_map, fused_score, learn_ranges
from adbench_mvfa.losses import detection_bce
from adbench_mvfa.network import adapt, stem
from adbench_mvfa.scorer import Compact, Scorer, remember
from adbench_mvfa.scoring import detection_scores
from adbench_mvfa.training import Loss, Trainer
from adbench_nets import Batch, dice_loss, focal_loss, nearest_distance, text_features
from parity_checks.clip import Golden, golden_clip
from parity_checks.report import Report

MAPS = "mvfa/maps.npz"
LOSSES = "mvfa/losses.npz"
TOKENS = "mvfa/tokens.npz"
LR = 1e-3


def check(folder: Path, report: Report) -> None:
    """Compare everything in `mvfa/` except what the CLIP check compares."""
    torch.set_num_threads(1)
    golden = golden_clip(report)
    text = text_features(golden.tower, str(report.load("mvfa/text.npz:class_names")[0]))
    _check_search(report)
    _check_augmentation(report)
    _check_loss_functions(report)
    _check_tokens(golden, report)
    _check_maps(golden, text, report)
    _check_training(golden, text, report)


def golden_adapters(golden: Golden, report: Report, file: str) -> Adapters:
    """The product's adapters with the golden weights of a file."""
    adapters = Adapters(golden.tower.width, golden.bottleneck, golden.levels)
    arrays = report.load_keys(file, adapters.state_dict())
    adapters.load({name: torch.from_numpy(array) for name, array in arrays.items()})
    return adapters


def images_of(report: Report, key: str) -> Tensor:
    """An input array as a tensor."""
    return torch.from_numpy(np.asarray(report.load(f"{TOKENS}:{key}")))


@torch.no_grad()
def _check_tokens(golden: Golden, report: Report) -> None:
    adapters = golden_adapters(golden, report, "mvfa/adapters_init.safetensors")
    tower = golden.tower
    tokens = adapt(tower, adapters, stem(tower, adapters, images_of(report, "images")), onward=True)
    report.compare(f"{TOKENS}:seg_tokens", torch.stack(tokens.seg, dim=1), atol=1e-4)
    report.compare(f"{TOKENS}:det_tokens", torch.stack(tokens.det, dim=1), atol=1e-4)
    pooled = tower.pooled(tower.run(tokens.stream, adapters.levels[-1], tower.blocks))
    report.compare(f"{TOKENS}:pooled", pooled, atol=1e-4)


@torch.no_grad()
def _check_maps(golden: Golden, text: Tensor, report: Report) -> None:
    tower = golden.tower
    adapters = golden_adapters(golden, report, "mvfa/adapters_init.safetensors")
    queries = stem(tower, adapters, images_of(report, "images"))
    memory = remember(
        tower, adapters, stem(tower, adapters, images_of(report, "support_images")), {"seg", "det"}, True, contextlib.nullcontext
    )
    heads: tuple[Literal["seg", "det"], ...] = ("seg", "det")
    for head in heads:
        for level in (0, len(adapters.levels) - 1):
            report.compare(f"{MAPS}:{head}_memory_{level}", memory[head][level].flatten(0, 1), atol=1e-4)

    size = (golden.side, golden.side)

    def scorer(map_head: Literal["seg", "det"], from_map: bool, few: bool) -> Scorer:
        known = memory if few else {}
        return Scorer(tower, adapters, text, known, map_head, from_map, size, "mean", True, contextlib.nullcontext)

    seg, det = scorer("seg", True, True), scorer("det", False, True)
    seg_compact, det_compact = seg.compact(queries), det.compact(queries)
    seg_branches, det_branches = seg.branches(seg_compact), det.branches(det_compact)
    report.compare(f"{MAPS}:seg_logits", seg_compact.logits, atol=2e-4)
    report.compare(f"{MAPS}:zero_map", seg_branches.text_map, atol=5e-5)
    report.compare(f"{MAPS}:det_prob_mean", _by_level(det_compact), atol=1e-5)
    report.compare(f"{MAPS}:det_zero", det_branches.text_score, atol=3e-5)
    report.compare(f"{MAPS}:few_seg_grid", seg_compact.grids, atol=1e-5)
    report.compare(f"{MAPS}:few_det_grid", det_compact.grids, atol=1e-5)
    report.compare(f"{MAPS}:few_seg_map", seg_branches.memory_map, atol=1e-5)
    report.compare(f"{MAPS}:few_det_score", det_branches.memory_score, atol=2e-6)

    labels = report.load(f"{TOKENS}:labels")
    masks = report.load(f"{TOKENS}:masks")[:, 0]
    pixels, _ = official(seg_branches, True)
    image_scores = pixels.reshape(len(pixels), -1).max(axis=1)
    report.compare(f"{MAPS}:official_few_seg_pixel_scores", pixels, atol=1e-4)
    report.compare(f"{MAPS}:official_few_seg_image_scores", image_scores, atol=5e-5)
    both = pixel_auroc(masks, pixels) + auroc(labels, image_scores)
    report.compare(f"{MAPS}:official_few_seg_pauc_plus_auc", both, atol=1e-4)
    _, image_scores = official(det_branches, False)
    report.compare(f"{MAPS}:official_few_det_image_scores", image_scores, atol=1e-4)
    report.compare(f"{MAPS}:official_few_det_auc", auroc(labels, image_scores), atol=1e-4)
    zero = scorer("seg", False, False)
    pixels, image_scores = official(zero.branches(zero.compact(queries)), False)
    report.compare(f"{MAPS}:official_zero_image_scores", image_scores, atol=1e-4)
    both = pixel_auroc(masks, pixels) + auroc(labels, image_scores)
    report.compare(f"{MAPS}:official_zero_auc_plus_pauc", both, atol=1e-4)


def official(branches: Branches, from_map: bool) -> tuple[np.ndarray, np.ndarray]:
    """Pixel and image scores with the min-max taken over all these images."""
    ranges = learn_ranges([branches])
    pixels = fused_map(branches, ranges)
    scores = pixels.flatten(1).amax(dim=1) if from_map and pixels is not None else fused_score(branches, ranges)
    return np.asarray(pixels), np.asarray(scores)


def pixel_auroc(masks: np.ndarray, pixels: np.ndarray) -> float:
    """AUROC over all pixels of all images."""
    return float(auroc(np.asarray(masks).ravel() > 0, pixels.ravel()))


def _by_level(compact: Compact) -> Tensor:
    if compact.logits is None:
        raise ValueError("the text branch was not computed")
    return detection_scores(compact.logits)


def _check_search(report: Report) -> None:
    file = "mvfa/memory_search.npz"
    support = torch.from_numpy(report.load(f"{file}:support_tokens"))
    queries = torch.from_numpy(report.load(f"{file}:query_tokens"))
    for name, first in (("grid_with_class_token", 0), ("grid_without_class_token", 1)):
        distances = nearest_distance(queries, support[:, first:].flatten(0, 1))
        report.compare(f"{file}:{name}", distances.reshape(report.expected(f"{file}:{name}").shape), atol=1e-6)


def _check_augmentation(report: Report) -> None:
    file = "mvfa/augment.npz"
    images = torch.from_numpy(report.load(f"{file}:images"))
    masks = torch.from_numpy(report.load(f"{file}:masks"))
    aug_images, aug_masks = augment(images, masks)
    report.compare(f"{file}:aug_images", aug_images, atol=1e-5)
    report.compare(f"{file}:aug_masks", aug_masks, atol=3e-5)
    report.exact(f"{file}:aug_masks_binarised", (aug_masks > 0.5).to(torch.uint8))
    height, width = report.expected(f"{file}:aug_masks_none").shape[2:]
    report.exact(f"{file}:aug_masks_none", augment(images, None)[1][:, :, :height, :width])


def _check_loss_functions(report: Report) -> None:
    probability = torch.from_numpy(report.load(f"{LOSSES}:fn_prob"))
    mask = torch.from_numpy(report.load(f"{LOSSES}:fn_mask"))
    report.compare(f"{LOSSES}:fn_focal", focal_loss(probability[:, 1], mask[:, 0]).mean(), atol=1e-6)
    report.compare(f"{LOSSES}:fn_dice", dice_loss(probability[:, 1], mask[:, 0]).mean(), atol=1e-6)
    score = torch.from_numpy(report.load(f"{LOSSES}:fn_bce_score"))
    label = torch.from_numpy(report.load(f"{LOSSES}:fn_bce_label"))
    report.compare(f"{LOSSES}:fn_bce", detection_bce(score, label).mean(), atol=1e-6)


def _check_training(golden: Golden, text: Tensor, report: Report) -> None:
    images, masks, labels = (images_of(report, key) for key in ("images", "masks", "labels"))
    order = report.load(f"{LOSSES}:adam_sample_order").tolist()

    def trainer() -> Trainer:
        adapters = golden_adapters(golden, report, "mvfa/adapters_init.safetensors")
        return Trainer(golden.tower, adapters, LR, Loss((golden.side, golden.side)))

    def batch(of: Trainer, index: int, masked: bool) -> Batch:
        first_stage = stem(golden.tower, of.adapters, images[index : index + 1])
        return Batch(first_stage, labels[index : index + 1], masks[index : index + 1, 0], torch.tensor([masked]), text[None])

    start = trainer()
    for index in range(len(images)):
        losses = start.losses(batch(start, index, True))
        report.compare(f"{LOSSES}:sample{index}_bce", losses.bce[0], atol=1e-5)
        report.compare(f"{LOSSES}:sample{index}_focal", losses.focal[0], atol=5e-5)
        report.compare(f"{LOSSES}:sample{index}_dice", losses.dice[0], atol=5e-6)
        report.compare(f"{LOSSES}:sample{index}_total", losses.total()[0], atol=1e-4)

    for kind, masked in (("seg", True), ("detonly", False)):
        first = trainer()
        first.backward(batch(first, order[0], masked))
        gradients = {name: weight.grad for name, weight in first.adapters.named_parameters()}
        names = [str(name) for name in report.expected(f"{LOSSES}:{kind}_gradnorm_names")]
        norms = {name: gradient.norm().item() for name, gradient in gradients.items() if gradient is not None}
        report.exact(
            f"{LOSSES}:{kind}_gradnorm_names", [name for name in names if name in norms] + sorted(set(norms) - set(names))
        )
        report.compare(f"{LOSSES}:{kind}_gradnorms", [norms.get(name, np.nan) for name in names], rtol=1e-4)
        without = {name for name, gradient in gradients.items() if gradient is None}
        wanted = [str(name) for name in report.expected(f"{LOSSES}:{kind}_grad_none_names")]
        report.exact(
            f"{LOSSES}:{kind}_grad_none_names", [name for name in wanted if name in without] + sorted(without - set(wanted))
        )
        if kind == "seg":
            for name in norms:
                report.relative(f"mvfa/grads_step1_seg.safetensors:{name}", gradients[name], limit=1e-4)

        trained = trainer()
        losses_seen = [trained.step(batch(trained, index, masked)).item() for index in order]
        report.compare(f"{LOSSES}:{kind}_step_losses", losses_seen, atol=1e-4)
        _check_trained(report, kind, start.adapters.state_dict(), trained.adapters.state_dict())


def _check_trained(report: Report, kind: str, before: dict[str, Tensor], after: dict[str, Tensor]) -> None:
    """Compare the weights; those of the segmentation head, which `detonly` does not train, must be unchanged."""
    for name, weight in after.items():
        if kind == "seg" or name.startswith("det_"):
            report.compare(f"mvfa/adapters_after3_{kind}.safetensors:{name}", weight, atol=1e-4)
        elif not torch.equal(weight, before[name]):
            report.fail(f"mvfa/adapters_after3_{kind}.safetensors", f"{name} changed, but must not")
