"""How small a loss would be seen: tried out on scores that lost just so much."""

from __future__ import annotations

import numpy as np
import pytest
from baselinecells import cell, with_scores

from adbench.metrics import auroc
from adbench.regression.power import detectable_loss
from adbench.regression.verdicts import check
from adbench.results.record import ScoreTable


@pytest.mark.parametrize("count", [60, pytest.param(1500, marks=pytest.mark.slow)])
def test_the_visible_loss_is_found_four_times_out_of_five(count: int) -> None:
    old = cell(count=count)
    loss = detectable_loss([old.table], 0.01)
    found = 0
    for draw in range(30):
        noise = np.random.default_rng([draw, 99]).normal(size=count)
        low, high = 0.0, 60.0
        for _ in range(20):  # as much of this noise as loses just so much
            middle = (low + high) / 2
            lost = old.metrics["image_auroc"] - auroc(old.table.labels, np.asarray(old.scores) + middle * noise)
            low, high = (middle, high) if lost < loss else (low, middle)
        found += check([with_scores(old, np.asarray(old.scores) + high * noise)], [old])[0].verdict == "worse"
    assert 0.6 <= found / 30 <= 1


def test_a_set_on_which_nothing_would_be_found_says_so() -> None:
    few = ScoreTable(["x"], np.array([0.1, 0.2, 0.9, 0.8]), np.array([False, False, True, True]), [None] * 4)
    assert detectable_loss([few], 0.01) is None


def test_a_larger_set_and_a_smaller_tolerance_show_smaller_losses() -> None:
    small, large = [cell(count=60).table], [cell(count=600).table]
    strict, loose, few = detectable_loss(large, 0.01), detectable_loss(large, 0.05), detectable_loss(small, 0.01)
    assert None not in (strict, loose, few)
    assert 0.01 < strict < loose < 0.5
    assert strict < few < 0.5
    assert strict < detectable_loss([cell(name, count=60).table for name in "abcdef"], 0.01) < few
