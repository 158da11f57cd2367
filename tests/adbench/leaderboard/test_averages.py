"""Figures over seeds and over datasets."""

from __future__ import annotations

import numpy as np
import pytest
from boards import measured, record
from references import auroc_ends

from adbench.leaderboard.tables import build_tables

LABELS = np.arange(80) % 2


def test_seeds_are_averaged_and_their_spread_shown() -> None:
    table = build_tables([record(seed=0, value=0.7), record(seed=1, value=0.9)])[0]
    figure = table.rows[0].figures["d1", "image_auroc"]
    assert (figure.value, figure.seeds) == (pytest.approx(0.8), (0, 1))
    assert figure.std == pytest.approx(0.1 * 2**0.5)


def test_intervals_are_those_recorded_and_else_those_of_the_kept_scores() -> None:
    noise = np.random.default_rng(1).standard_normal((2, LABELS.size))
    old, scores = measured("old", noise[0] + LABELS * (1 + 2 * noise[1]), LABELS)
    new = record(
        "new", intervals={"image_auroc": [0.7, 0.9], "pixel_aupro": [0.1, 0.3]}, metrics={"image_auroc": 0.8, "pixel_aupro": 0.2}
    )
    rows = {row.method: row for row in build_tables([old, new], lambda cell: scores if cell is old else None)[0].rows}
    wanted = auroc_ends(LABELS, scores.scores)
    assert rows["old"].figures["d1", "image_auroc"].interval == pytest.approx(wanted, abs=2e-6)
    assert rows["new"].figures["d1", "image_auroc"].interval == (0.7, 0.9)
    assert rows["new"].figures["d1", "pixel_aupro"].interval == (0.1, 0.3)
    assert build_tables([old])[0].rows[0].figures["d1", "image_auroc"].interval is None


def test_the_interval_of_a_mean_narrows_with_independent_datasets() -> None:
    known = {"image_auroc": [0.7, 0.88]}
    table = build_tables([record("a", f"d{number}", intervals=known) for number in range(4)])[0]
    mean = table.figure(table.rows[0], "image_auroc", None)
    assert mean is not None
    assert mean.interval == (pytest.approx(0.8 - 0.1 / 2), pytest.approx(0.8 + 0.08 / 2))
    part = build_tables([record("a", "d1", intervals=known), record("a", "d2")])[0]
    assert part.figure(part.rows[0], "image_auroc", None).interval is None


def test_the_spread_of_a_mean_is_that_of_the_means_of_each_seed() -> None:
    values = {("d1", 0): 0.7, ("d1", 1): 0.9, ("d2", 0): 0.8, ("d2", 1): 0.6, ("d2", 2): 0.1}
    table = build_tables([record("a", dataset, seed, value) for (dataset, seed), value in values.items()])[0]
    mean = table.figure(table.rows[0], "image_auroc", None)
    assert (mean.seeds, mean.std) == ((0, 1), pytest.approx(0.0))
