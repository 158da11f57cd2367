"""DRA: heads, pseudo anomalies, three training steps and the official test scores against `dra/`."""

from __future__ import annotations

import contextlib
import copy
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from adbench.metrics.ranking import auroc, average_precision
from adbench_fewshot import dra_training
from adbench_fewshot.dra_network import (
    HEADS,
    NORMAL,
    PSEUDO,
    SEEN,
    CompositeHead,
    DraNetwork,
    HolisticHead,
    Outputs,
    PlainHead,
    combined_score,
    mean_scores,
    top_mean,
)
from adbench_fewshot.dra_training import Batch, Moments, Trainer, learning_rate, trunk_input
from adbench_fewshot.parameters import DraParameters
from adbench_fewshot.pseudo import ASPECT, Patch, box_at, cut_mix, patch_size
from adbench_fewshot.resnet import ResNet18, widths_of
from adbench_nets import load_weights
from parity_checks.report import Report

CONFIG = "dra/config.json"
TRAIN = "dra/train.npz"
TEST = "dra/test.npz"
ALONE = "dra/heads.npz"
CUTMIX = "dra/cutmix.npz"
TRUNK = "feature_extractor.net."
ZERO_NORM = 1e-5


def check(folder: Path, report: Report) -> None:
    """Compare everything in `dra/`."""
    torch.set_num_threads(1)
    config = report.load_keys(CONFIG, ("img_size", "n_scales", "n_ref", "batch_size", "topk", "lr", "weight_decay"))
    parameters = DraParameters(
        image_size=config["img_size"],
        scales=config["n_scales"],
        references=config["n_ref"],
        batch_size=config["batch_size"],
        top_share=config["topk"],
        lr=config["lr"],
        weight_decay=config["weight_decay"],
    )
    _check_heads(report)
    _check_pseudo(report)
    _check_training(parameters, report)
    _check_scores(parameters, report)


def golden_network(report: Report, file: str, parameters: DraParameters) -> DraNetwork:
    """The product's network with the golden weights of a file."""
    state = _tensors(report, file)
    widths = widths_of({name.removeprefix(TRUNK): tensor for name, tensor in state.items() if name.startswith(TRUNK)})
    if widths is None:
        raise ValueError(f"{file} is not a ResNet-18")
    network = DraNetwork(ResNet18(widths), widths[-1], parameters.top_share, parameters.scales)
    load_weights(network, state, file, "Is the file whole?")
    return network


@torch.no_grad()
def _check_heads(report: Report) -> None:
    def state(prefix: str) -> dict[str, Tensor]:
        names = report.names(f"{ALONE}:{prefix}.*")
        return {name.partition(":")[2].removeprefix(f"{prefix}."): _tensor(report, name) for name in names}

    for case in sorted(name.partition(":")[2].removesuffix("_x") for name in report.demand(f"{ALONE}:*_x")):
        x, references = _tensor(report, f"{ALONE}:{case}_x"), _tensor(report, f"{ALONE}:{case}_ref")
        share = float(report.load(f"{ALONE}:{case}_topk"))
        width = x.shape[1]
        plain, holistic, composite = PlainHead(width), HolisticHead(width), CompositeHead(width)
        for name, head in (("plain", plain), ("holistic", holistic), ("composite", composite)):
            load_weights(head, state(f"{case}_{name}"), f"{ALONE}:{case}_{name}", "Is the file whole?")
        report.compare(f"{ALONE}:{case}_plain", top_mean(plain(x), share), atol=5e-6)
        report.compare(f"{ALONE}:{case}_holistic", holistic(x), atol=5e-6)
        difference = references.mean(dim=0, keepdim=True) - x
        composite.eval()
        report.compare(f"{ALONE}:{case}_composite_eval", top_mean(composite(difference), share), atol=5e-6)
        composite.train()
        composite.conv[1].reset_running_stats()
        report.compare(f"{ALONE}:{case}_composite_train", top_mean(composite(difference), share), atol=5e-6)
        for name in ("running_mean", "running_var", "num_batches_tracked"):
            report.compare(f"{ALONE}:{case}_composite.conv.1.{name}", getattr(composite.conv[1], name), atol=5e-6)
    loss = dra_training.deviation_loss(
        _tensor(report, f"{ALONE}:dev_pred"),
        _tensor(report, f"{ALONE}:dev_target") > 0,
        dra_training.moments(_tensor(report, f"{ALONE}:dev_ref")),
        DraParameters().margin,
    )
    report.compare(f"{ALONE}:dev_loss", loss, atol=2e-6)


def _check_pseudo(report: Report) -> None:
    images = report.load(f"{CUTMIX}:images_u8")
    wanted = report.expected(f"{CUTMIX}:boxes")
    boxes, outputs = [], []
    for case, image in enumerate(images):
        left, top, right, bottom = wanted[case, 0]
        area = float(report.load(f"{CUTMIX}:area_{case}")) * image.shape[1] * image.shape[2]
        size = _size(area, (int(right - left), int(bottom - top)))
        source, target = (box_at(size, *report.load(f"{CUTMIX}:{end}_hw_draw_{case}")) for end in ("from", "to"))
        jitter: tuple[tuple[int, float], ...] = ()
        if report.has(f"{CUTMIX}:jitter_order_{case}"):
            factors = report.load(f"{CUTMIX}:jitter_bcsh_{case}")
            jitter = tuple((int(index), float(factors[index])) for index in report.load(f"{CUTMIX}:jitter_order_{case}"))
        boxes.append((source, target))
        outputs.append(cut_mix(image, Patch(source, target, jitter)))
    report.exact(f"{CUTMIX}:boxes", boxes)
    report.exact(f"{CUTMIX}:out_u8", np.stack(outputs))


def _size(area: float, wanted: tuple[int, int]) -> tuple[int, int]:
    """The product's size of a patch, for an aspect (not recorded) that gives the wanted one if there is one."""
    sizes = [patch_size(area, float(aspect)) for aspect in np.geomspace(*ASPECT, 20001)]
    return wanted if wanted in sizes else sizes[0]


def _check_training(parameters: DraParameters, report: Report) -> None:
    images, labels = report.load(f"{TRAIN}:images_u8"), report.load(f"{TRAIN}:labels")
    references = report.load(f"{TRAIN}:ref_images_u8")
    report.exact(f"{CONFIG}:img_size", images.shape[-1])
    report.exact(f"{CONFIG}:batch_size", images.shape[1])
    report.exact(f"{CONFIG}:n_ref", references.shape[1])
    # The model ignores labels of references. They only say which images are references: normal ones and pseudo anomalies.
    report.exact(f"{TRAIN}:ref_labels", np.where(report.expected(f"{TRAIN}:ref_labels") == NORMAL, NORMAL, PSEUDO))
    abnormal = [parameters.batch_size - parameters.batch_size * 2 // 3] * len(labels)
    if [int((row == SEEN).sum()) for row in labels] != abnormal:
        report.fail(f"{TRAIN}:labels", "not two thirds normal, as the product's batches are")
    batches = [
        Batch(trunk_input(images[step], "cpu"), torch.from_numpy(labels[step]), trunk_input(references[step], "cpu"))
        for step in range(len(images))
    ]
    moments = _golden_moments(report)
    network = golden_network(report, "dra/model_init.safetensors", parameters)
    report.exact(f"{CONFIG}:widths", widths_of(network.feature_extractor["net"].state_dict()))
    _check_first_step(network, parameters, batches[0], moments[0], report)

    trainer = _trainer(network, parameters)
    rates = [learning_rate(0, parameters.lr, parameters.lr_period)] * len(batches)
    losses, norms = [], []
    for number, batch in enumerate(batches):
        scores = mean_scores(_outputs(trainer.network, parameters, batch))
        for head in HEADS:
            report.compare(f"{TRAIN}:step{number + 1}_{head}", scores[head], atol=3e-4 if number else 2e-5)
        step_losses, norm = trainer.step(batch, moments[number], rates[number])
        losses.append([step_losses[head].item() for head in HEADS])
        norms.append(norm.item())
    tolerance = np.full((len(losses), len(HEADS)), 6e-5)
    tolerance[0] = 1e-5
    _compare_each(report, f"{TRAIN}:head_losses", losses, tolerance)
    report.compare(f"{TRAIN}:step_totals", np.sum(losses, axis=1), atol=1e-4)
    wanted = np.abs(report.expected(f"{TRAIN}:grad_norm_before_clip").astype(np.float64))
    _compare_each(report, f"{TRAIN}:grad_norm_before_clip", norms, wanted * np.r_[1e-5, np.full(len(norms) - 1, 5e-5)])
    report.compare(f"{TRAIN}:lr", rates)
    epochs = len(report.expected(f"{TRAIN}:lr_per_epoch"))
    every = [learning_rate(epoch, parameters.lr, parameters.lr_period) for epoch in range(epochs)]
    report.compare(f"{TRAIN}:lr_per_epoch", every, rtol=1e-12, note="exact except the last bit")
    _check_trained(trainer.network, report)


def _golden_moments(report: Report) -> list[dict[str, Moments]]:
    """Mean and standard deviation of each step and head: the first step's from its draws, later ones as recorded."""
    first = [dra_training.moments(draws) for draws in _tensor(report, f"{TRAIN}:ref_draws_step1")]
    mean, deviation = report.expected(f"{TRAIN}:ref_mean"), report.expected(f"{TRAIN}:ref_std")
    note = "later steps are inputs: their draws are not recorded"
    report.compare(f"{TRAIN}:ref_mean", np.vstack([[pair[0] for pair in first], mean[1:]]), atol=1e-7, note=note)
    report.compare(f"{TRAIN}:ref_std", np.vstack([[pair[1] for pair in first], deviation[1:]]), atol=1e-7, note=note)
    later = [list(zip(mean[step].tolist(), deviation[step].tolist(), strict=True)) for step in range(1, len(mean))]
    return [dict(zip(HEADS, pairs, strict=True)) for pairs in (first, *later)]


def _check_first_step(
    network: DraNetwork, parameters: DraParameters, batch: Batch, moments: dict[str, Moments], report: Report
) -> None:
    looked_at = copy.deepcopy(network).train()
    with torch.no_grad():
        features = looked_at.features(torch.cat([batch.references, batch.images]))
    outputs = _outputs(network, parameters, batch)
    for scale, level in enumerate(features):
        report.compare(f"{TRAIN}:step1_features_scale{scale}", level, atol=2e-4)
        for head in HEADS:
            report.compare(f"{TRAIN}:step1_{head}_scale{scale}", outputs[scale].scores[head], atol=3e-5)
    learner = _trainer(copy.deepcopy(network), parameters)
    learner.backward(batch, moments)
    gradients = {name: weight.grad for name, weight in learner.network.named_parameters() if weight.grad is not None}
    norms = {name: gradient.norm().item() for name, gradient in gradients.items()}
    names = [str(name) for name in report.expected(f"{TRAIN}:gradnorm_names")]
    report.exact(f"{TRAIN}:gradnorm_names", [name for name in names if name in norms] + sorted(set(norms) - set(names)))
    wanted = report.expected(f"{TRAIN}:gradnorms").astype(np.float64)
    tolerance = np.where(wanted > ZERO_NORM, 5e-5 * wanted, ZERO_NORM)
    _compare_each(report, f"{TRAIN}:gradnorms", [norms.get(name, np.nan) for name in names], tolerance)
    for key, gradient in gradients.items():
        name = f"dra/grads_step1.safetensors:{key}"
        if np.linalg.norm(report.expected(name)) > ZERO_NORM:
            report.relative(name, gradient, limit=1e-4)
        else:
            report.compare(name, gradient, atol=ZERO_NORM, note="zero except rounding")


def _check_trained(network: DraNetwork, report: Report) -> None:
    for key, tensor in network.state_dict().items():
        name = f"dra/model_after3.safetensors:{key}"
        if "num_batches" in name:
            report.exact(name, tensor)
        elif "running_" in name:
            report.compare(name, tensor, atol=1e-4)
        else:
            deviation = np.sqrt(np.mean((tensor.numpy().astype(np.float64) - report.expected(name)) ** 2))
            report.compare(name, tensor, atol=5e-4, note=f"root mean square {deviation:.1g}, tolerance 1e-05")
            if deviation >= 1e-5:
                report.fail(name, "the root mean square deviation is too large")


@torch.no_grad()
def _check_scores(parameters: DraParameters, report: Report) -> None:
    network = golden_network(report, "dra/model_after3.safetensors", parameters).eval()
    images, batches = trunk_input(report.load(f"{TEST}:images_u8"), "cpu"), report.load(f"{TEST}:batch_of_image")
    references, labels = report.load(f"{TEST}:ref_images_u8"), report.load(f"{TEST}:labels")
    parts = []
    for number in range(len(references)):
        of_references = network.features(trunk_input(references[number], "cpu"))
        of_images = network.features(images[batches == number])
        parts.append([network.outputs(x, reference) for x, reference in zip(of_images, of_references, strict=True)])
    order = np.argsort(np.concatenate([np.flatnonzero(batches == number) for number in range(len(references))]))
    scores = {head: torch.cat([mean_scores(part)[head] for part in parts])[order] for head in HEADS}
    for head in HEADS:
        report.compare(f"{TEST}:{head}", scores[head], atol=2e-5)
    for scale in range(parameters.scales):
        for head in HEADS[1:]:
            responses = torch.cat([part[scale].responses[head] for part in parts])[order]
            report.compare(f"{TEST}:{head}_response_scale{scale}", responses, atol=4e-5)
    combined = combined_score(scores)
    report.compare(f"{TEST}:scores", combined, atol=2e-5)
    report.compare(f"{TEST}:auroc", auroc(labels > 0, combined.numpy()), atol=1e-12)
    report.compare(f"{TEST}:ap", average_precision(labels > 0, combined.numpy()), atol=1e-12)


def _trainer(network: DraNetwork, parameters: DraParameters) -> Trainer:
    return Trainer(network, parameters, contextlib.nullcontext)


@torch.no_grad()
def _outputs(network: DraNetwork, parameters: DraParameters, batch: Batch) -> list[Outputs]:
    """Output of the heads in training mode, on a copy, so that running statistics do not change."""
    return _trainer(copy.deepcopy(network).train(), parameters).outputs(batch)


def _compare_each(report: Report, name: str, actual: Any, tolerance: np.ndarray) -> None:
    """Compare each element with its own tolerance: deviations in units of it, none above 1."""
    wanted = np.asarray(report.expected(name), np.float64)
    deviation = np.abs(np.asarray(actual, np.float64) - wanted) / tolerance
    share = float(deviation.max())
    report.compare(name, actual, atol=float(tolerance.max()), note=f"{share:.2g} of the tolerance at most, element by element")
    if not share <= 1:
        report.fail(name, "an element deviates by more than its own tolerance")


def _tensor(report: Report, name: str) -> Tensor:
    return torch.from_numpy(np.asarray(report.load(name)))


def _tensors(report: Report, file: str) -> dict[str, Tensor]:
    return {name: torch.from_numpy(np.asarray(array)) for name, array in report.load_file(file).items()}
