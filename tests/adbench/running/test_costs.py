"""Costs are those of the cell, and measuring them changes nothing."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
import toyplugin
from toyrun import toy_run

from adbench import ImageBatch, Prediction
from adbench.contestant import conditions
from adbench.contestant.costs import FlopCounter, Meter, gflop_per_image
from adbench.running import costs
from adbench.running.costs import Stopwatch
from adbench.testing.memory import unlabelled

IMAGES = unlabelled(np.zeros((3, 4, 4, 3), np.uint8))


def trained(**frozen: bool) -> int:
    """What the meter counts of one step of a network of 3 x 2 and 2 x 1 weights, the second perhaps without a gradient."""
    first, second = torch.nn.Linear(3, 2, bias=False), torch.nn.Linear(2, 1, bias=False)
    with Meter("cpu") as meter:
        optimizer = torch.optim.SGD([*first.parameters(), *second.parameters()], lr=0.1)
        for _ in range(2):
            hidden = first(torch.ones(1, 3))
            (hidden.sum() if frozen.get("second") else second(hidden).sum()).backward()
            optimizer.step()
        return int(meter.cost()["trainable_parameters"])


def test_trained_parameters_are_those_that_an_optimizer_changed() -> None:
    assert trained() == 8
    assert trained(second=True) == 6


def test_the_meter_stops_watching() -> None:
    with Meter("cpu") as meter:
        pass
    weight = torch.nn.Parameter(torch.ones(5))
    weight.sum().backward()
    torch.optim.SGD([weight], lr=0.1).step()
    assert meter.cost() == {"trainable_parameters": 0}


def test_a_rate_is_images_over_seconds_and_absent_where_no_time_passed(monkeypatch: pytest.MonkeyPatch) -> None:
    ticks = iter([10.0, 12.5, 20.0, 20.5, 30.0, 30.0])
    monkeypatch.setattr(costs, "time", SimpleNamespace(perf_counter=lambda: next(ticks)))
    clock = Stopwatch()
    assert [clock.timed("fit", lambda x: x + 1, 1), clock.timed("predict", str, 2)] == [2, "2"]
    assert clock.seconds == {"fit": 2.5, "predict": 0.5}
    assert clock.rate(16) == {"images_per_second": 32.0}
    assert clock.rate(None) == {}
    clock.timed("predict", int)
    assert clock.rate(16) == {}


def test_operations_are_those_of_one_more_image() -> None:
    weight = torch.ones(48, 10)

    def predict(batch: ImageBatch) -> torch.Tensor:
        fixed = torch.ones(7, 7) @ torch.ones(7, 7)  # as for a reference image: once a call
        return torch.from_numpy(batch.pixels(4)).float().flatten(1) @ weight + fixed.sum()

    assert gflop_per_image(predict, IMAGES) == pytest.approx(2 * 48 * 10 / 1e9)


def test_gradients_in_prediction_are_counted_too() -> None:
    layer = torch.nn.Linear(48, 10, bias=False)

    def predict(batch: ImageBatch) -> None:
        with torch.enable_grad():
            images = torch.from_numpy(batch.pixels(4)).float().flatten(1).requires_grad_()
            torch.autograd.grad(layer(images).sum(), images)

    with torch.no_grad():
        assert gflop_per_image(predict, IMAGES) == pytest.approx(2 * 2 * 48 * 10 / 1e9)


@pytest.mark.parametrize("mode", [torch.no_grad, torch.enable_grad, torch.inference_mode])
def test_counts_are_those_of_torch(mode: type) -> None:
    from torch.utils.flop_counter import FlopCounterMode

    network = torch.nn.Sequential(
        torch.nn.Conv2d(3, 4, 3), torch.nn.BatchNorm2d(4), torch.nn.Flatten(2), torch.nn.TransformerEncoderLayer(4, 2, 8)
    ).eval()
    images = torch.ones(2, 3, 4, 4)
    with mode(), FlopCounterMode(display=False) as theirs:
        network(images)
    with mode(), FlopCounter() as ours:
        network(images)
    assert ours.total == theirs.get_total_flops() > 0


def test_what_cannot_be_counted_is_absent() -> None:
    def fails(batch: ImageBatch) -> None:
        raise RuntimeError("no")

    assert gflop_per_image(fails, IMAGES) is None
    assert gflop_per_image(lambda batch: batch.pixels(4), IMAGES) is None
    assert gflop_per_image(lambda batch: torch.ones(2, 2) @ torch.ones(2, 2), IMAGES[:1]) is None


def test_the_peak_starts_anew() -> None:
    block = np.ones(40 * 2**20, np.uint8)
    del block
    conditions.reset_peak_memory()
    before = conditions.peak_memory_mb()
    block = np.ones(80 * 2**20, np.uint8)
    del block
    after = conditions.peak_memory_mb()
    if before is None or after is None:
        pytest.skip("this platform tells no peak")
    assert 60 < after - before < 120


def test_a_cell_records_its_costs(tmp_path: Path, monkeypatch) -> None:
    record = toy_run(tmp_path / "plain", datasets="toy-a").records[0]
    assert set(record.seconds) == {"fit", "predict"}
    assert record.cost["trainable_parameters"] == 0
    assert "gflop_per_image" not in record.cost
    assert "gpu_memory_mb" not in record.cost
    assert record.peak_memory_mb > 0

    def predict(self, batch: ImageBatch) -> Prediction:
        maps = torch.from_numpy(batch.pixels(16).mean(axis=1))
        return Prediction((maps.flatten(1) @ torch.ones(256, 1, dtype=maps.dtype))[:, 0], maps)

    monkeypatch.setattr(toyplugin.Peak, "predict", predict)
    record = toy_run(tmp_path / "torch", datasets="toy-a").records[0]
    assert record.cost["gflop_per_image"] == pytest.approx(2 * 256 / 1e9)


def test_a_rate_is_not_given_where_predict_trains_too(tmp_path: Path) -> None:
    record = toy_run(tmp_path / "run", methods="oracle", datasets="toy-a").records[0]
    assert "images_per_second" not in record.cost
