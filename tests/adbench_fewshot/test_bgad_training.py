from __future__ import annotations

import math

import pytest
import torch

from adbench_fewshot.bgad_training import Tokens, Trainer, grid_masks, learning_rate, new_flows, tokens_of
from adbench_fewshot.parameters import BgadParameters

SMALL = {"position_channels": 8, "blocks": 2}


def tokens(count: int, channels: int, abnormal: int, seed: int = 0) -> Tokens:
    generator = torch.Generator().manual_seed(seed)
    features, positions = (torch.randn(count, width, generator=generator) for width in (channels, 8))
    return Tokens(features, positions, torch.arange(count) < abnormal)


def trainer(**changes) -> Trainer:
    parameters = BgadParameters(**{**SMALL, **changes})
    return Trainer(new_flows((5, 6), parameters, torch.Generator().manual_seed(0)), parameters)


def run(of: Trainer, levels: list[Tokens], bounded: bool = True) -> list:
    return list(of.batch(levels, [torch.arange(len(level.features)) for level in levels], 1e-3, bounded))


def test_tokens_go_by_image_row_and_column() -> None:
    features = torch.arange(2 * 3 * 2 * 2).float().reshape(2, 3, 2, 2)
    masks = torch.zeros(2, 4, 4, dtype=torch.bool)
    masks[1, 2, 0] = True
    made = tokens_of(features, 4, masks)
    assert made.features.shape == (8, 3)
    torch.testing.assert_close(made.features[6], features[1, :, 1, 0])
    assert made.abnormal.tolist() == [False] * 6 + [True, False]
    torch.testing.assert_close(made.positions[:4], made.positions[4:])


def test_masks_are_reduced_by_taking_every_so_many_pixels() -> None:
    masks = torch.rand(2, 10, 10) > 0.5
    reduced = grid_masks(masks, 4, 3)
    for row, column in ((0, 0), (1, 1), (3, 2)):
        assert torch.equal(reduced[:, row, column], masks[:, row * 10 // 4, column * 10 // 3])


@pytest.mark.parametrize(("remainder", "sizes"), [("keep", [9, 8, 8]), ("drop", [10, 10])])
def test_the_rest_is_kept_or_dropped(remainder: str, sizes: list[int]) -> None:
    cut = trainer(token_batch=10, remainder=remainder)._cut(torch.arange(25))
    assert [len(part) for part in cut] == sizes


def test_fewer_tokens_than_a_step_are_trained_on() -> None:
    assert [step.level for step in run(trainer(), [tokens(30, 5, 4), tokens(20, 6, 4)])] == [0, 1]
    assert run(trainer(remainder="drop"), [tokens(30, 5, 4), tokens(20, 6, 4)]) == []


def test_a_step_without_normal_tokens_is_left_out() -> None:
    assert run(trainer(), [tokens(5, 5, 5), tokens(5, 6, 1)])[0].level == 1


def test_boundaries_need_abnormal_tokens_and_a_later_epoch() -> None:
    with_both = [tokens(30, 5, 4), tokens(20, 6, 0)]
    assert [step.losses is not None for step in run(trainer(), with_both)] == [True, False]
    assert [step.losses is not None for step in run(trainer(), with_both, bounded=False)] == [False, False]


@pytest.mark.parametrize(("zero_grad", "drifts"), [("none", False), ("zero", True)])
def test_levels_at_rest_stay_or_drift(zero_grad: str, drifts: bool) -> None:
    training = trainer(zero_grad=zero_grad)
    levels = [tokens(30, 5, 4), tokens(20, 6, 4)]
    steps = training.batch(levels, [torch.arange(30), torch.arange(20)], 1e-3, True)
    next(steps)
    before = training.flows[0].module_list[0].global_offset.clone()
    next(steps)
    assert torch.equal(training.flows[0].module_list[0].global_offset, before) is not drifts


@pytest.mark.parametrize("warm_up", ["batches", "release"])
def test_the_rate_rises_straight_and_falls_as_a_cosine(warm_up: str) -> None:
    parameters = BgadParameters(warm_up=warm_up)
    assert learning_rate(0, 0, 0, 1, parameters) == pytest.approx(2e-5)
    floor = 2e-7
    assert learning_rate(2, 0, 0, 1, parameters) == pytest.approx(floor + (2e-4 - floor) * (1 + math.cos(math.pi * 2 / 25)) / 2)
    rising = [learning_rate(epoch, sub, 0, 1, parameters) for epoch in range(3) for sub in range(8)]
    assert rising[:17] == sorted(rising[:17])
    assert learning_rate(24, 7, 0, 1, parameters) < 1e-5


def test_the_slip_of_the_release_overshoots_with_many_batches() -> None:
    ours, theirs = (learning_rate(1, 7, 99, 100, BgadParameters(warm_up=kind)) for kind in ("batches", "release"))
    peak = learning_rate(2, 0, 0, 100, BgadParameters())
    assert ours < peak < theirs


@pytest.mark.parametrize("epochs", [1, 2, 3, 4])
def test_short_trainings_have_a_positive_rate(epochs: int) -> None:
    parameters = BgadParameters(epochs=epochs)
    assert all(0 < learning_rate(epoch, 0, 0, 1, parameters) <= 2e-4 for epoch in range(epochs))
