"""BGAD: flow, losses, four replayed trainings and the official test scores against `bgad/`."""

from __future__ import annotations

import dataclasses
import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor, nn

from adbench.metrics.ranking import auroc
from adbench.metrics.region import find_regions
from adbench_fewshot.bgad_losses import BoundaryOptions, boundary_losses, boundary_rank, focal_weights
from adbench_fewshot.bgad_scoring import anomaly_maps, image_scores, learn_maxima
from adbench_fewshot.bgad_training import Step, Tokens, Trainer, learning_rate, new_flows, token_likelihood, tokens_of
from adbench_fewshot.parameters import BgadParameters
from adbench_nets import load_weights, log_likelihood, position_encoding
from parity_checks.april_aupro import shares_above
from parity_checks.report import Report

CONFIG = "bgad/config.json"
DATA = "bgad/data.npz"
FORWARD = "bgad/forward.npz"
TEST = "bgad/test.npz"
LOSSES = "bgad/lossfn.npz"
INITIAL = "bgad/decoders_init.safetensors"
AFTER_FIRST_EPOCH = "bgad/decoders_after_epoch0.safetensors"
KINDS: tuple[Literal["focal", "plain"], ...] = ("focal", "plain")
ZERO_GRADS: tuple[Literal["none", "zero"], ...] = ("none", "zero")
# Settings that a run takes from the configuration. Grids are those of the features.
INPUTS = (
    "image_side",
    "dims",
    "pos_dim",
    "coupling_layers",
    "n_batch",
    "batch_size",
    "pos_beta",
    "margin_tau",
    "normalizer",
    "clamp",
    "lr",
    "meta_epochs",
    "sub_epochs",
    "epochs_run",
)
BETA = re.compile(r"_beta([\d.]+)")
# Recorded calls of the loss functions used these, whatever the configuration of the runs says.
ALONE_TAU, ALONE_NORMALISER = 0.1, 10.0


@dataclass(frozen=True)
class Golden:
    """The configuration and its data."""

    report: Report
    dims: list[int]
    epochs: list[int]
    parameters: BgadParameters
    masks: Tensor

    def features(self, kind: str) -> list[Tensor]:
        """`train` or `test` feature maps of all levels."""
        return [_tensor(self.report, f"{DATA}:{kind}_features_{level}") for level in range(len(self.dims))]

    def tokens(self, features: list[Tensor], rows: list[int]) -> list[Tokens]:
        """The product's tokens of some training images."""
        return [tokens_of(level[rows], self.parameters.position_channels, self.masks[rows]) for level in features]

    def flows(self, file: str) -> nn.ModuleList:
        """The product's flows with the golden weights of a file."""
        flows = new_flows(self.dims, self.parameters)
        state = {name: torch.from_numpy(np.asarray(array)) for name, array in self.report.load_file(file).items()}
        load_weights(flows, state, file, "Is the file whole?")
        return flows

    def batches(self, epoch: int) -> list[list[int]]:
        """Image indices of the batches of an epoch."""
        return self.report.load(f"{DATA}:{'mixed' if epoch else 'normal'}_batches").tolist()


def check(folder: Path, report: Report) -> None:
    """Compare everything in `bgad/`."""
    torch.set_num_threads(1)
    golden = _golden(report)
    _check_losses(report)
    _check_forward(golden)
    for kind in KINDS:
        for zero_grad in ZERO_GRADS:
            _check_training(golden, kind, zero_grad)
    _check_scores(golden)


def _golden(report: Report) -> Golden:
    config = report.load_keys(CONFIG, INPUTS)
    parameters = BgadParameters(
        image_size=config["image_side"],
        position_channels=config["pos_dim"],
        blocks=config["coupling_layers"],
        clamp=config["clamp"],
        epochs=config["meta_epochs"],
        sub_epochs=config["sub_epochs"],
        batch_size=config["batch_size"],
        token_batch=config["n_batch"],
        remainder="drop",
        lr=config["lr"],
        warm_up="release",
        beta=config["pos_beta"],
        tau=config["margin_tau"],
        normaliser=config["normalizer"],
    )
    masks = _tensor(report, f"{DATA}:train_masks") > 0
    golden = Golden(report, config["dims"], config["epochs_run"], parameters, masks)
    features = golden.features("train")
    report.exact(f"{CONFIG}:dims", [level.shape[1] for level in features])
    report.exact(f"{CONFIG}:grids", [level.shape[-1] for level in features])
    report.exact(f"{CONFIG}:image_side", masks.shape[-1])
    report.exact(f"{CONFIG}:batch_size", len(golden.batches(0)[0]))
    return golden


def _check_losses(report: Report) -> None:
    prefix = f"{LOSSES}:"
    cases = [name.removeprefix(prefix).removesuffix("_logps") for name in report.demand(f"{prefix}*_logps")]
    # Betas come from any array's name, so that a lost array is noticed.
    betas = sorted({match[1] for name in report.demand(f"{prefix}*_beta*") if (match := BETA.search(name))})
    for case, beta, focal in itertools.product(cases, betas, "01"):
        key = f"{LOSSES}:{case}_beta{beta}_focal{focal}"
        options = BoundaryOptions(float(beta), ALONE_TAU, ALONE_NORMALISER, focal == "1")
        likelihood = _tensor(report, f"{LOSSES}:{case}_logps").requires_grad_()
        losses = boundary_losses(likelihood, _tensor(report, f"{LOSSES}:{case}_mask") > 0, options)
        losses.total().backward()
        report.compare(f"{key}_bn", losses.normal_boundary, atol=2e-5)
        report.compare(f"{key}_ba", losses.abnormal_boundary, atol=2e-5)
        report.compare(f"{key}_ml", losses.likelihood, atol=2e-5)
        report.compare(f"{key}_ln", losses.normal, atol=2e-5)
        report.compare(f"{key}_la", _nan_where_empty(losses.abnormal, losses.empty), atol=2e-5)
        report.compare(f"{key}_grad", likelihood.grad, atol=2e-6)
    for case in cases:
        scaled = _tensor(report, f"{prefix}{case}_logps") / ALONE_NORMALISER
        weights = focal_weights(scaled, _tensor(report, f"{prefix}{case}_mask") > 0)
        report.compare(f"{prefix}{case}_weights", weights, rtol=5e-6)
    for beta in betas:
        name = f"{prefix}index_beta{beta}"
        counts = range(1, len(report.expected(name)) + 1)
        report.exact(name, [boundary_rank(count, float(beta)) for count in counts])


@torch.no_grad()
def _check_forward(golden: Golden) -> None:
    report, channels = golden.report, golden.parameters.position_channels
    flows, features = golden.flows(INITIAL), golden.features("train")
    rows = [0, int(golden.masks.flatten(1).any(dim=1).nonzero()[0])]
    for level, (flow, tokens) in enumerate(zip(flows, golden.tokens(features, rows), strict=True)):
        report.compare(f"{FORWARD}:pos_{level}", position_encoding(channels, *features[level].shape[2:]), atol=1e-6)
        z, log_determinant = flow(tokens.features, tokens.positions)
        report.compare(f"{FORWARD}:z_{level}", z, atol=3e-5)
        report.compare(f"{FORWARD}:logdet_{level}", log_determinant, atol=2e-5)
        report.compare(f"{FORWARD}:logp_{level}", log_likelihood(z, log_determinant), atol=4e-5)
        report.exact(f"{FORWARD}:mask_{level}", tokens.abnormal.to(torch.uint8))
    height, width = report.expected(f"{FORWARD}:pos_nonsquare").shape[1:]
    report.compare(f"{FORWARD}:pos_nonsquare", position_encoding(channels, height, width), atol=1e-6)


def _check_training(golden: Golden, kind: Literal["focal", "plain"], zero_grad: Literal["none", "zero"]) -> None:
    """Replay a run with the recorded permutations."""
    report = golden.report
    parameters = dataclasses.replace(golden.parameters, focal=kind == "focal", zero_grad=zero_grad)
    trainer = Trainer(golden.flows(INITIAL), parameters)
    features = golden.features("train")
    orders = _orders(report)
    epochs: list[int] = []
    steps: list[Step] = []
    first_mixed = True
    for epoch in golden.epochs:
        batches = golden.batches(epoch)
        for sub_epoch in range(parameters.sub_epochs):
            for number, rows in enumerate(batches):
                levels = golden.tokens(features, rows)
                drawn = [next(orders) for _ in levels]
                lr = learning_rate(epoch, sub_epoch, number, len(batches), parameters)
                if epoch and first_mixed and zero_grad == "none":
                    _check_gradients(golden, parameters, levels, drawn, lr)
                done = list(trainer.batch(levels, drawn, lr, bounded=epoch > 0))
                steps += done
                epochs += [epoch] * len(done)
                if epoch and first_mixed:
                    first_mixed = False
                    if zero_grad == "none":  # the others saved no weights here
                        _compare_flows(report, f"bgad/decoders_after_first_mixed_batch_{kind}_{zero_grad}", trainer.flows)
        if epoch == golden.epochs[0] and (kind, zero_grad) == ("focal", "none"):
            _compare_flows(report, AFTER_FIRST_EPOCH.removesuffix(".safetensors"), trainer.flows)
    _compare_flows(report, f"bgad/decoders_final_{kind}_{zero_grad}", trainer.flows)
    _compare_steps(report, f"bgad/steps_{kind}_{zero_grad}.npz", epochs, steps, kind)


def _orders(report: Report) -> Iterator[Tensor]:
    names = sorted(report.demand("bgad/steps_focal_none.npz:perm_*"), key=lambda name: int(name.rpartition("_")[2]))
    return iter([_tensor(report, name).long() for name in names])


def _check_gradients(golden: Golden, parameters: BgadParameters, levels: list[Tokens], orders: list[Tensor], lr: float) -> None:
    """The gradients of the first step with boundaries, from the recorded weights."""
    kind = "focal" if parameters.focal else "plain"
    flows = golden.flows(AFTER_FIRST_EPOCH)
    next(Trainer(flows, parameters).batch(levels, orders, lr, bounded=True))
    gradients = {name: weight.grad for name, weight in flows.named_parameters() if weight.grad is not None}
    for name, gradient in gradients.items():
        golden.report.relative(f"bgad/grads_epoch1_step1_{kind}.safetensors:{name}", gradient, limit=2e-5)


def _compare_flows(report: Report, stem: str, flows: nn.ModuleList) -> None:
    for name, tensor in flows.state_dict().items():
        report.compare(f"{stem}.safetensors:{name}", tensor, atol=1e-4)


def _compare_steps(report: Report, file: str, epochs: list[int], steps: list[Step], kind: str) -> None:
    bounded = [step.losses for step in steps]
    empty = [losses is not None and losses.empty for losses in bounded]

    def part(name: str) -> list[float]:
        return [np.nan if losses is None else getattr(losses, name).item() for losses in bounded]

    report.exact(f"{file}:epoch", epochs)
    report.exact(f"{file}:level", [step.level for step in steps])
    report.exact(f"{file}:n_abnormal", [step.abnormal for step in steps])
    report.compare(f"{file}:lr", [step.lr for step in steps], atol=1e-12)
    loss = [step.loss.item() for step in steps]
    if not np.isfinite(loss).all():
        report.fail(f"{file}:loss", "the product's loss is not finite")
    report.compare(f"{file}:loss", _nan_where_empty(loss, empty), atol=3e-4 if kind == "focal" else 3e-5)
    report.compare(f"{file}:b_n", part("normal_boundary"), atol=1e-5)
    report.compare(f"{file}:b_a", part("abnormal_boundary"), atol=1e-5)
    report.compare(f"{file}:loss_n", part("normal"), atol=1e-4)
    report.compare(f"{file}:loss_a", _nan_where_empty(part("abnormal"), empty), atol=1e-4)
    report.compare(f"{file}:gradnorm", [step.gradient.item() for step in steps], rtol=5e-5)


@torch.no_grad()
def _check_scores(golden: Golden) -> None:
    report = golden.report
    flows = golden.flows("bgad/decoders_final_focal_zero.safetensors")
    size = (golden.parameters.image_size, golden.parameters.image_size)
    likelihoods = []
    for level, (flow, features) in enumerate(zip(flows, golden.features("test"), strict=True)):
        tokens = tokens_of(features, golden.parameters.position_channels)
        likelihoods.append(token_likelihood(flow, tokens).reshape(len(features), *features.shape[2:]))
        report.compare(f"{TEST}:logp_{level}", likelihoods[-1], atol=5e-5)
    maps = anomaly_maps(likelihoods, learn_maxima([likelihoods], size), size)
    scores = image_scores(maps)
    report.compare(f"{TEST}:score_maps", maps, atol=1e-5)
    report.compare(f"{TEST}:image_scores", scores, atol=5e-6)
    report.compare(f"{TEST}:image_auroc", auroc(report.load(f"{DATA}:test_labels") > 0, scores.numpy()), atol=1e-12)
    masks = report.load(f"{DATA}:test_masks") > 0
    report.compare(f"{TEST}:pixel_auroc", auroc(masks.ravel(), maps.numpy().ravel()), atol=1e-5)
    report.compare(f"{TEST}:aupro_1000step", _released_aupro(masks, maps.numpy()), atol=1e-4, note="of the rounding of maps")


def _released_aupro(masks: np.ndarray, maps: np.ndarray) -> float:
    """The release's PRO, not the standard one: 1000 even thresholds from the highest score down, pixels strictly above.

    Only points of the curve with a false-positive rate up to 0.3 are kept, and their rates are stretched to [0, 1].
    """
    high, step = maps.max(), (maps.max() - maps.min()) / 1000
    thresholds = high - np.arange(1000) * step
    regions = find_regions(masks)
    overlap = shares_above(maps[masks], 1 / (regions.sizes[regions.of_pixel] * regions.sizes.size), thresholds)
    outside = maps[~masks]
    rate = shares_above(outside, np.full(outside.size, 1 / outside.size), thresholds)
    overlap, rate = overlap[rate <= 0.3], rate[rate <= 0.3]
    return float(np.trapezoid(overlap, (rate - rate.min()) / (rate.max() - rate.min())))


def _nan_where_empty(values: Any, empty: Any) -> np.ndarray:
    """NaN for a step without abnormal tokens above the boundary, as in the release; ours is a number (see ORIGINALS.md)."""
    found = np.asarray(values.detach() if isinstance(values, Tensor) else values, np.float64)
    return np.where(empty, np.nan, found)


def _tensor(report: Report, name: str) -> Tensor:
    return torch.from_numpy(np.array(report.load(name)))
