from __future__ import annotations

import math

import pytest

from adbench_nets import warm_up_cosine


def test_a_straight_line_up_to_the_cosine_then_the_cosine_an_epoch_at_a_time() -> None:
    rates = [warm_up_cosine(2e-4, 25, number // 4, number / 4) for number in range(100)]
    assert rates[0] == pytest.approx(2e-5)
    assert max(rates) < 2e-4
    assert rates[8] == pytest.approx(2e-7 + (2e-4 - 2e-7) * (1 + math.cos(math.pi * 2 / 25)) / 2)
    steps = [rates[number + 1] - rates[number] for number in range(8)]
    assert steps == pytest.approx([steps[0]] * 8)
    assert rates[8:] == sorted(rates[8:], reverse=True)
    assert rates[8] == rates[11] > rates[12]


def test_without_a_warm_up_it_begins_at_the_peak() -> None:
    assert warm_up_cosine(3.0, 10, 0, 0.5, warm_up=0) == 3.0


@pytest.mark.parametrize("epochs", [1, 2, 3])
def test_short_trainings_have_a_positive_rate(epochs: int) -> None:
    assert all(0 < warm_up_cosine(1.0, epochs, epoch, float(epoch)) <= 1 for epoch in range(epochs))
