"""Detectors whose scores depend on other images are found, others are not accused."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import pytest
import toyplugin
from toyrun import toy_run

from adbench import ImageBatch, Prediction
from adbench.running.independence import SAMPLED, Tolerance, allowed_difference, sample, tolerance_for

HONEST = toyplugin.Peak.predict


def over_the_test_set(self, batches: Iterable[ImageBatch]) -> Iterator[Prediction]:
    """Minimum and maximum of all scores become 0 and 1."""
    found = [HONEST(self, batch) for batch in batches]
    scores = np.concatenate([prediction.scores for prediction in found])
    span = np.ptp(scores) or 1.0
    for prediction in found:
        yield Prediction((prediction.scores - scores.min()) / span, prediction.maps)


def over_the_batch(self, batch: ImageBatch) -> Prediction:
    """The batch's highest map value becomes 1."""
    found = HONEST(self, batch)
    return Prediction(found.scores, found.maps / np.abs(found.maps).max())


def running_mean(self, batch: ImageBatch) -> Prediction:
    """Less the mean of everything that was seen so far."""
    found = HONEST(self, batch)
    self.seen = [*getattr(self, "seen", []), *found.scores]
    return Prediction(found.scores - np.mean(self.seen), found.maps)


def faint_mean(self, batch: ImageBatch) -> Prediction:
    """The same on top of a large number: the spread counts, not the size."""
    found = running_mean(self, batch)
    return Prediction(found.scores + 1e5, found.maps)


def by_chance(self, batch: ImageBatch) -> Prediction:
    """Noise, new each time."""
    found = HONEST(self, batch)
    return Prediction(found.scores + 20 * np.random.random(len(batch)), found.maps)  # noqa: NPY002


def only_in_company(self, batch: ImageBatch) -> Prediction:
    """The deviation of one score is zero."""
    if len(batch) == 1:
        raise ZeroDivisionError("no spread")
    return HONEST(self, batch)


def maps_in_company(self, batch: ImageBatch) -> Prediction:
    """No map for an image by itself."""
    found = HONEST(self, batch)
    return Prediction(found.scores, found.maps if len(batch) > 1 else None)


def rounded(self, batch: ImageBatch) -> Prediction:
    """Sums in another order: the last digits depend on the size of the batch."""
    found = HONEST(self, batch)
    return Prediction(found.scores * (1 + 1e-7 * len(batch)), found.maps)


@pytest.mark.parametrize(
    ("name", "fake", "says"),
    [
        ("predict_all", over_the_test_set, "get a different score, by up to"),
        ("predict", over_the_batch, "get a different map, by up to"),
        ("predict", running_mean, "get a different score"),
        ("predict", faint_mean, "get a different score"),
        ("predict", by_chance, "get a different score"),
        ("predict", only_in_company, "fails (ZeroDivisionError: no spread)"),
        ("predict", maps_in_company, "gets no map"),
    ],
)
def test_dependence_is_found_and_marked(tmp_path: Path, monkeypatch, name: str, fake: object, says: str) -> None:
    monkeypatch.setattr(toyplugin.Peak, name, fake)
    run = toy_run(tmp_path / "run", datasets="toy-a", batch_size=7)
    assert says in run.records[0].contradiction
    assert run.leaderboard()[0].rows[0].mark == "transductive"


@pytest.mark.parametrize("fake", [HONEST, rounded])
@pytest.mark.parametrize("dataset", ["toy-a", "toy-plain"])
def test_honest_scores_are_not_accused(tmp_path: Path, monkeypatch, fake: object, dataset: str) -> None:
    monkeypatch.setattr(toyplugin.Peak, "predict", fake)
    record = toy_run(tmp_path / "run", datasets=dataset).records[0]
    assert (record.status, record.contradiction) == ("done", "")


def test_a_card_that_says_so_is_not_contradicted(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(toyplugin.Peak, "predict_all", over_the_test_set)
    monkeypatch.setattr("adbench.contracts.detector.DetectorCard.is_transductive", lambda *_: True)
    record = toy_run(tmp_path / "run", datasets="toy-a").records[0]
    assert (record.transductive, record.contradiction) == (True, "")


def test_images_are_scored_again_alone_in_another_order_under_new_ids(tmp_path: Path, monkeypatch) -> None:
    seen: list[tuple[str, ...]] = []

    def spied(self, batch: ImageBatch) -> Prediction:
        seen.append(batch.ids)
        return HONEST(self, batch)

    monkeypatch.setattr(toyplugin.Peak, "predict", spied)
    toy_run(tmp_path / "run", datasets="toy-a")
    whole, again = seen[0], seen[1 : 1 + SAMPLED]
    assert len(whole) == 16
    assert all(len(ids) == 1 for ids in again)
    assert not {ids[0] for ids in again} & set(whole)
    assert len({ids[0] for ids in again}) == SAMPLED


def test_scoring_again_changes_nothing_that_is_kept(tmp_path: Path, monkeypatch) -> None:
    import torch
    from safetensors.torch import load_file

    def predict(self, batch: ImageBatch) -> Prediction:
        self.count = getattr(self, "count", torch.zeros(1)).add_(len(batch))
        return HONEST(self, batch)

    monkeypatch.setattr(toyplugin.Peak, "predict", predict)
    monkeypatch.setattr(toyplugin.Peak, "state_dict", lambda self: {"count": self.count}, raising=False)
    run = toy_run(tmp_path / "run", datasets="toy-a", keep=("state",))
    state = load_file(tmp_path / "run" / "cells" / run.records[0].id / "state.safetensors")
    assert state["count"].item() == 16


def test_the_sample_is_the_same_for_everybody_and_shuffled() -> None:
    assert sample(100) == sample(100) != sorted(sample(100))
    assert len(set(sample(100))) == SAMPLED
    assert sorted(sample(3)) == [0, 1, 2]


def test_tolerance_follows_the_precision() -> None:
    assert tolerance_for("cpu", "fp32") < tolerance_for("cuda:0", "fp32") < tolerance_for("cpu", "bf16")


def test_rounding_goes_by_size_where_there_is_no_spread() -> None:
    assert allowed_difference(np.full(4, 1e6), Tolerance(1e-4)) == pytest.approx(10)
    assert allowed_difference(np.array([0.0, 1.0]), Tolerance(1e-4)) == pytest.approx(1.1e-4)
