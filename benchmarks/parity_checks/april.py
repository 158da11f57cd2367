"""APRIL-GAN: tokens, maps, scores, losses, gradients, three training steps and the official test against `april/`."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from adbench.contracts.images import resize_image
from adbench.files.pictures import read_image
from adbench.metrics.ranking import ranking_figures
from adbench_clip.april_network import Compact, Network, Projections, mean_score, remember
from adbench_clip.april_training import Trainer, level_losses
from adbench_folder import CARD
from adbench_folder.dataset import FolderDataset
from adbench_nets import CLIP_MEAN, CLIP_STD, Batch, load_weights, text_features, to_images
from parity_checks.april_aupro import april_aupro
from parity_checks.clip import Golden, golden_clip
from parity_checks.listed import check_listed
from parity_checks.report import Report

MAPS = "april/maps.npz"
LOSSES = "april/losses.npz"
INIT = "april/linear_init.safetensors"
GRADIENTS = "april/linear_grads_step1.safetensors"
TRAINED = "april/linear_after3.safetensors"
DATA = "april/e2e/data"
RESULTS = "april/e2e/results.json"
LR = 1e-3
MODES = ("zero_shot", "few_shot")


def check(folder: Path, report: Report) -> None:
    """Compare everything in `april/`; `folder` is the report's own."""
    torch.set_num_threads(1)
    golden = golden_clip(report)
    _check_maps(golden, report)
    _check_training(golden, report)
    _check_official_test(golden, report)
    sets = [path for path in sorted((folder / DATA).iterdir()) if path.is_dir()]
    check_listed(folder, [FolderDataset(replace(CARD, argument=str(path)), None) for path in sets], f"{DATA}/*/train/*", report)


def network_of(golden: Golden, report: Report) -> Network:
    """The product's network with the golden initial layers."""
    projections = Projections(golden.tower.width, golden.bottleneck, len(golden.levels))
    arrays = report.load_keys(INIT, projections.state_dict())
    load_weights(projections, {name: torch.from_numpy(array) for name, array in arrays.items()}, INIT, "Is the file whole?")
    size = (golden.side, golden.side)
    return Network(golden.tower, projections, golden.levels, CLIP_MEAN, CLIP_STD, size, contextlib.nullcontext)


def _texts(golden: Golden, report: Report) -> Tensor:
    """(C, E, 2), one per class."""
    return torch.stack([text_features(golden.tower, str(name)) for name in report.load(f"{MAPS}:class_names")])


def _check_maps(golden: Golden, report: Report) -> None:
    network, texts = network_of(golden, report), _texts(golden, report)
    report.compare(f"{MAPS}:text_features", texts, atol=2e-6)
    tokens = network.freeze(to_images(report.load(f"{MAPS}:images_u8"), "cpu"))
    report.compare(f"{MAPS}:raw_tokens", tokens[: len(report.expected(f"{MAPS}:raw_tokens"))], atol=1e-4)
    projected = [level[:, 1:] for level in network.projections(tokens)]
    report.compare(f"{MAPS}:proj_tokens", torch.stack(projected, dim=1).detach(), atol=1e-4)
    pooled = golden.tower.pooled(tokens[:, -1])
    report.compare(f"{MAPS}:image_feature", torch.nn.functional.normalize(pooled, dim=-1), atol=1e-5)
    memory = remember(network.freeze(to_images(report.load(f"{MAPS}:support_u8"), "cpu")))
    classes = report.load(f"{MAPS}:class_of_image")
    zero, few = (
        [network.compact(tokens[row : row + 1], texts[number], known) for row, number in enumerate(classes)]
        for known in ([], memory)
    )
    report.compare(f"{MAPS}:text_prob", torch.cat([part.token for part in few]), atol=1e-5)
    zero_map, both = (torch.cat([network.maps(part) for part in parts]) for parts in (zero, few))
    report.compare(f"{MAPS}:zero_map", zero_map, atol=5e-5)
    report.compare(f"{MAPS}:few_grid", torch.cat([part.grids for part in few if part.grids is not None]), atol=1e-5)
    report.compare(f"{MAPS}:few_map", both - zero_map, atol=1e-5)
    report.compare(f"{MAPS}:few_image_score", official_scores(network, few), atol=2e-5)


def official_scores(network: Network, parts: Sequence[Compact]) -> Tensor:
    """Image scores (N,) of the few-shot test: map maxima min-maxed over all these images, averaged with the class token's."""
    maxima = torch.cat([network.maps(part).flatten(1).amax(dim=1) for part in parts])
    token = torch.cat([part.token for part in parts])
    return mean_score(token, maxima, (float(maxima.min()), float(maxima.max())))


def _check_training(golden: Golden, report: Report) -> None:
    start = network_of(golden, report)
    texts, classes = _texts(golden, report), torch.from_numpy(report.load(f"{MAPS}:class_of_image"))
    tokens = start.freeze(to_images(report.load(f"{MAPS}:images_u8"), "cpu"))
    masks = torch.from_numpy(report.load(f"{MAPS}:masks"))[:, 0]

    def batch(rows: np.ndarray) -> Batch:
        chosen = torch.from_numpy(rows)
        labels = masks[chosen].flatten(1).amax(dim=1)
        return Batch(tokens[chosen], labels, masks[chosen], torch.ones(len(rows), dtype=torch.bool), texts[classes[chosen]])

    batches = [batch(rows) for rows in report.load(f"{LOSSES}:batches")]
    losses = level_losses(start, batches[0])
    report.compare(f"{LOSSES}:step1_focal", losses.focal.mean(dim=0).detach(), atol=1e-5)
    report.compare(f"{LOSSES}:step1_dice", losses.dice.mean(dim=0).detach(), atol=1e-5)
    Trainer(start, LR).backward(batches[0])
    gradients = {name: weight.grad for name, weight in start.projections.named_parameters() if weight.grad is not None}
    names = [str(name) for name in report.expected(f"{LOSSES}:gradnorm_names")]
    report.exact(f"{LOSSES}:gradnorm_names", [name for name in names if name in gradients] + sorted(set(gradients) - set(names)))
    report.compare(f"{LOSSES}:gradnorms", [gradients[name].norm().item() for name in names], rtol=1e-4)
    for name, gradient in gradients.items():
        report.compare(f"{GRADIENTS}:{name}", gradient, atol=5e-5)
    trained = network_of(golden, report)
    trainer = Trainer(trained, LR)
    report.compare(f"{LOSSES}:step_totals", [trainer.step(part).item() for part in batches], atol=5e-5)
    for name, weight in trained.projections.state_dict().items():
        report.compare(f"{TRAINED}:{name}", weight, atol=5e-5)


def _check_official_test(golden: Golden, report: Report) -> None:
    network = network_of(golden, report)
    report.exact(f"{RESULTS}:image_size", golden.side)
    report.exact(f"{RESULTS}:features", list(golden.levels))
    # The draw is recorded as `support_paths`, used instead of the seed.
    report.load(f"{RESULTS}:seed")
    for mode in MODES:
        report.demand(f"april/e2e/{mode}_maps_*.npz:maps")
        report.demand(f"april/e2e/{mode}_maps_*.npz:masks")
    report.exact(f"{RESULTS}:k_shot", _shots(report))
    test = _by_class(report, "test")
    for class_name, entries in test.items():
        text = text_features(golden.tower, class_name)
        tokens = torch.cat([network.freeze(_image(report, entry, golden.side)) for entry in entries])
        masks = np.stack([_mask(report, entry, golden.side) for entry in entries])
        memory = remember(torch.cat([network.freeze(_file(report, path, golden.side)) for path in _support(report, class_name)]))
        for mode, known in zip(MODES, ([], memory), strict=True):
            compact = network.compact(tokens, text, known)
            scores = official_scores(network, [compact]) if known else compact.token
            _compare_results(report, mode, class_name, masks, scores.numpy(), network.maps(compact).numpy())


def _compare_results(report: Report, mode: str, class_name: str, masks: np.ndarray, scores: np.ndarray, maps: np.ndarray) -> None:
    at = f"{RESULTS}:results/{mode}/{class_name}"
    labels = masks.any(axis=(1, 2))
    report.exact(f"{at}/gt_sp", labels.astype(int).tolist())
    report.exact(f"{at}/mask_pixels", masks.sum(axis=(1, 2)))
    report.compare(f"{at}/map_mean", maps.mean(axis=(1, 2), dtype=np.float64), atol=1e-4)
    report.compare(f"{at}/map_max", maps.max(axis=(1, 2)), atol=1e-4)
    report.compare(f"{at}/pr_sp", scores, atol=5e-5)
    image, pixel = ranking_figures(labels, scores), ranking_figures(masks, maps)
    # The figures are float64 sums, whose last bits depend on the order.
    report.compare(f"{at}/auroc_sp", image[0], atol=1e-12)
    report.compare(f"{at}/ap_sp", image[1], atol=1e-12)
    report.compare(f"{at}/auroc_px", pixel[0], atol=1e-4)
    report.compare(f"{at}/ap_px", pixel[1], atol=1e-4)
    report.compare(f"{at}/aupro_200step", april_aupro(masks, maps), atol=2e-3)
    for name in report.names(f"april/e2e/{mode}_maps_{class_name}_imgs*.npz:*"):
        rows = [int(row) for row in name.partition("_imgs")[2].partition(".npz")[0].split("_")]
        if name.endswith(":maps"):
            report.compare(name, maps[rows], atol=1e-4)
        elif name.endswith(":masks"):
            report.exact(name, masks[rows].astype(np.uint8))


def _by_class(report: Report, split: str) -> dict[str, list[dict[str, Any]]]:
    """The entries of `meta.json` for a split, in its order."""
    found: dict[str, dict[int, dict[str, Any]]] = {}
    for name in report.demand(f"{DATA}/meta.json:{split}/*"):
        _, class_name, row, key = name.partition(":")[2].split("/")
        found.setdefault(class_name, {}).setdefault(int(row), {})[key] = report.load(name)
    return {class_name: list(rows.values()) for class_name, rows in found.items()}


def _support(report: Report, class_name: str) -> list[str]:
    """The recorded normal images of a class."""
    paths = report.load(f"{RESULTS}:results/few_shot/support_paths")
    return [path for path in paths if path.startswith(f"{class_name}/")]


def _shots(report: Report) -> int:
    listed = _by_class(report, "train")
    counts = {len(_support(report, class_name)) for class_name in listed}
    if len(counts) != 1:
        raise ValueError("the recorded supports have different sizes")
    return counts.pop()


def _image(report: Report, entry: dict[str, Any], side: int) -> Tensor:
    return _file(report, entry["img_path"], side)


def _file(report: Report, path: str, side: int) -> Tensor:
    pixels = resize_image(read_image(report.path(f"{DATA}/{path}")), (side, side), "bicubic")
    return to_images(pixels[None], "cpu")


def _mask(report: Report, entry: dict[str, Any], side: int) -> np.ndarray:
    """The released code's mask, (side, side) bool: bilinear, so not the product's, which is nearest."""
    if not entry["anomaly"]:
        return np.zeros((side, side), bool)
    with Image.open(report.path(f"{DATA}/{entry['mask_path']}")) as opened:
        drawn = Image.fromarray(np.uint8(255 * (np.asarray(opened.convert("L")) > 0)))
    return np.asarray(drawn.resize((side, side), Image.Resampling.BILINEAR)) / 255 > 0.5
