"""MKD: networks, losses, three training steps, scores and the three kinds of maps against `mkd/`."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from scipy.ndimage import generate_binary_structure, grey_opening
from sklearn.metrics import auc
from torch import Tensor, nn

from adbench.metrics.ranking import auroc
from adbench_mkd.losses import discrepancy, distances
from adbench_mkd.maps import Pair, grey, min_max, noise_deviation, noisy_mean, smooth
from adbench_mkd.network import Vgg, blocks_of, build_source, widths
from adbench_mkd.training import train, training_loss
from parity_checks.report import Report

CONFIG = "mkd/config.json"
TEACHER = "mkd/teacher.safetensors"
DATA = "mkd/data.npz"
FEATURES = "mkd/features.npz"
LOSSES = "mkd/losses.npz"
TEST = "mkd/test.npz"
MAPS = "mkd/maps.npz"
SIGMA = 4.0
SMOOTHED_IMAGE = 3


def check(folder: Path, report: Report) -> None:
    """Compare everything in `mkd/`."""
    torch.set_num_threads(1)
    source = golden_source(report)
    value_weight = float(report.load(f"{CONFIG}:lamda"))
    _check_configuration(source, report)
    _check_features(source, report)
    _check_first_loss(source, value_weight, report)
    _check_steps(source, value_weight, report)
    trained = golden_cloner(report, "student_after3").eval().requires_grad_(False)
    _check_scores(Pair(source, trained, value_weight), report)
    _check_maps(Pair(source, trained, value_weight), report)


def golden_source(report: Report) -> Vgg:
    """The product's source network with the golden weights. Unused weights are not ticked off."""
    prefix = f"{TEACHER}:"
    names = report.demand(f"{prefix}*")
    source = build_source({name.removeprefix(prefix): torch.from_numpy(report.expected(name)) for name in names})
    report.load_keys(TEACHER, source.state_dict())
    return source


def golden_cloner(report: Report, file: str) -> Vgg:
    """The product's cloner, as wide as the configuration says, with the golden weights of a file."""
    cloner = Vgg(blocks_of(report.load(f"{CONFIG}:student")), cloner=True)
    cloner.load_state_dict(_tensors(report, file))
    return cloner


def _tensors(report: Report, file: str) -> dict[str, Tensor]:
    return {name: torch.from_numpy(array) for name, array in report.load_file(f"mkd/{file}.safetensors").items()}


def _images(report: Report, key: str) -> Tensor:
    return torch.from_numpy(report.load(f"{DATA}:{key}")).float() / 255


def _batches(report: Report) -> list[Tensor]:
    images = _images(report, "train_images_u8")
    return [images[rows] for rows in report.load(f"{DATA}:batches").tolist()]


def _check_configuration(source: Vgg, report: Report) -> None:
    cloner = golden_cloner(report, "student_init")
    convolutions = [layer for layer in cloner.features if isinstance(layer, nn.Conv2d)]
    report.exact(f"{CONFIG}:teacher", widths(source.blocks))
    report.exact(f"{CONFIG}:student", widths(cloner.blocks))
    report.exact(f"{CONFIG}:side", _images(report, "train_images_u8").shape[-1])
    report.exact(f"{CONFIG}:use_bias", any(layer.bias is not None for layer in convolutions))
    for kind, (first, *others) in (("teacher", source.blocks), ("student", cloner.blocks)):
        # The original records, of the first block, a ReLU and the pooling; of others, every ReLU but the last, and the pooling.
        channels = [first[0], first[-1], *(width for block in others for width in block)]
        report.exact(f"{FEATURES}:output_channels_{kind}", channels)
        report.exact(f"{FEATURES}:n_outputs", len(channels))


@torch.no_grad()
def _check_features(source: Vgg, report: Report) -> None:
    images = _batches(report)[0]
    cloner = golden_cloner(report, "student_init").train()
    for kind, network in (("teacher", source), ("student", cloner)):
        for level, maps in enumerate(network(images)):
            report.compare(f"{FEATURES}:{kind}_level{level}", maps, atol=1e-4)


def _check_first_loss(source: Vgg, value_weight: float, report: Report) -> None:
    images = _batches(report)[0]
    with torch.no_grad():
        clone = golden_cloner(report, "student_init").train()(images)
        direction, value = distances(source(images), clone)
        report.compare(f"{LOSSES}:step1_direction_only", discrepancy(source(images), clone, 0.0).mean(), atol=5e-6)
    for level in range(direction.shape[1]):
        report.compare(f"{LOSSES}:step1_cos_{level}", direction[:, level].mean(), atol=5e-6)
        report.compare(f"{LOSSES}:step1_mse_{level}", value[:, level].mean(), atol=5e-6)
    cloner = golden_cloner(report, "student_init").train()
    training_loss(source, cloner, images, value_weight).backward()
    gradients = {name: weight.grad for name, weight in cloner.named_parameters() if weight.grad is not None}
    names = [str(name) for name in report.expected(f"{LOSSES}:gradnorm_names")]
    report.exact(f"{LOSSES}:gradnorm_names", [name for name in names if name in gradients] + sorted(set(gradients) - set(names)))
    report.compare(f"{LOSSES}:gradnorms", [float(gradients[name].norm()) for name in names], rtol=2e-4)
    for name, gradient in gradients.items():
        report.relative(f"mkd/student_grads_step1.safetensors:{name}", gradient, limit=5e-4)


def _check_steps(source: Vgg, value_weight: float, report: Report) -> None:
    cloner = golden_cloner(report, "student_init")
    lr = float(report.load(f"{CONFIG}:lr"))
    losses = torch.stack(list(train(source, cloner, _batches(report), lr, value_weight)))
    report.compare(f"{LOSSES}:step_totals", losses, atol=5e-6)
    for key, tensor in cloner.state_dict().items():
        name = f"mkd/student_after3.safetensors:{key}"
        if key.endswith("num_batches_tracked"):
            report.exact(name, tensor)
        else:
            report.compare(name, tensor, atol=1e-5 if "running" in key else 6e-5)


@torch.no_grad()
def _check_scores(pair: Pair, report: Report) -> None:
    images, labels = _images(report, "test_images_u8"), report.load(f"{DATA}:test_labels")
    clone = pair.cloner(images)
    for level, maps in enumerate(clone):
        report.compare(f"{TEST}:student_level{level}", maps[: len(report.expected(f"{TEST}:student_level{level}"))], atol=5e-6)
    direction, value = distances(pair.source(images), clone)
    for level in range(pair.skipped, len(clone)):
        report.compare(f"{TEST}:cos_{level}", direction[:, level], atol=2e-6)
        report.compare(f"{TEST}:mse_{level}", value[:, level], atol=2e-6)
    for suffix, scores in (("", pair.scores(images)), ("_direction_only", Pair(pair.source, pair.cloner, 0.0).scores(images))):
        report.compare(f"{TEST}:scores{suffix}", scores, atol=5e-6)
        report.exact(f"{TEST}:auroc{suffix}", round(float(auroc(labels.astype(bool), scores.double().numpy())), 4))


def _check_maps(pair: Pair, report: Report) -> None:
    images, masks = _images(report, "test_images_u8"), report.load(f"{DATA}:test_masks").astype(bool)
    gradients, guided = _gradients(pair, images), _gradients(pair, images, guided=True)
    report.relative(f"{MAPS}:input_gradient", gradients[: len(report.expected(f"{MAPS}:input_gradient"))], limit=2e-5)
    report.relative(f"{MAPS}:guided_gradient", guided[: len(report.expected(f"{MAPS}:guided_gradient"))], limit=2e-5)
    report.compare(f"{MAPS}:gray_map", grey(gradients), atol=3e-5)
    vanilla, backpropagated = smooth(grey(gradients), SIGMA), smooth(grey(guided), SIGMA)
    report.compare(f"{MAPS}:vanilla_map", vanilla, atol=1e-5)
    report.compare(f"{MAPS}:gbp_map", backpropagated, atol=1e-5)
    image = images[SMOOTHED_IMAGE : SMOOTHED_IMAGE + 1]
    report.compare(f"{MAPS}:smooth_sigma2", noise_deviation(image)[0], atol=1e-9)
    noise = torch.from_numpy(report.load(f"{MAPS}:smooth_noise"))
    noisy = noisy_mean(pair, image, noise[:, None], grey)
    report.compare(f"{MAPS}:smooth_map", smooth(min_max(noisy), SIGMA)[0], atol=5e-6)
    for kind, maps in (("vanilla", vanilla), ("gbp", backpropagated)):
        report.compare(f"{MAPS}:localization_auc_{kind}", released_localisation(maps.numpy(), masks), atol=1e-6)


def _gradients(pair: Pair, images: Tensor, guided: bool = False) -> Tensor:
    """(B, 3, H, W), taken image by image as in the release.

    If two pixels of a pooling are nearly equal, rounding in a batch may choose the other one and change that image's
    gradient: on some processors this happens for one image of the public data.
    """
    return torch.cat([pair.saliency(image, guided)[1] for image in images.split(1)])


def released_localisation(maps: np.ndarray, masks: np.ndarray) -> float:
    """The release's localisation number, which is not an AUROC: opened maps at 1000 thresholds, and no (0, 0) in the curve."""
    cross = generate_binary_structure(2, 1)
    # Opening the pixels above a threshold equals thresholding the opened map.
    opened = np.stack([grey_opening(each, footprint=cross) for each in maps])
    thresholds = np.arange(1000) / 1000
    recall, false_alarms = [[float((opened[where] >= threshold).mean()) for threshold in thresholds] for where in (masks, ~masks)]
    return float(auc(false_alarms, recall))
