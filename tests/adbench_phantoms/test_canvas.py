from __future__ import annotations

import numpy as np
import pytest

from adbench_phantoms.canvas import SIZE, inside, oval, place, signed, smooth_line, smooth_noise, stamp, vessels


@pytest.mark.parametrize("cells", [1, 5, 40])
def test_smooth_noise_has_unit_deviation_and_its_own_scale(cells: int) -> None:
    fields = np.stack([smooth_noise(np.random.default_rng(seed), cells) for seed in range(300)])
    assert fields.shape[1:] == (SIZE, SIZE)
    assert abs(fields.mean()) < 0.15
    assert 0.85 < fields.std() < 1.15
    assert np.abs(np.diff(fields, axis=1)).mean() < 2 * cells / SIZE
    lines = np.stack([smooth_line(np.random.default_rng(seed), cells) for seed in range(300)])
    assert 0.85 < lines.std() < 1.15


def test_ovals_have_their_area() -> None:
    for angle, power in ((0.0, 2.0), (0.7, 2.0)):
        area = inside(oval(0.1, -0.2, 0.5, 0.3, angle, power), 0.02).mean() * 4
        assert area == pytest.approx(np.pi * 0.5 * 0.3, rel=0.01)
    assert (oval(0, 0, 0.5, 0.3, 0, 4) < 1).sum() > (oval(0, 0, 0.5, 0.3) < 1).sum()


def test_stamps_are_drawn_and_cut_at_the_border() -> None:
    field = np.zeros((SIZE, SIZE))
    stamp(
        field, np.array([[30.0, 50.0, 4.0, 4.0, 0.0, 0.7], [-2.0, 1.0, 5.0, 5.0, 0.0, 1.0], [500.0, 0.0, 3.0, 3.0, 0.0, 1.0]]), 7
    )
    assert field[49, 29] == 0.7
    assert field[0, 0] == 1
    assert (field > 0.35).sum() == pytest.approx(np.pi * 16 + 0.25 * np.pi * 9, abs=20)
    assert field[:, 40:].max() == 0


def test_an_empty_list_of_stamps() -> None:
    field = np.zeros((SIZE, SIZE))
    stamp(field, np.empty((0, 6)), 3)
    assert not field.any()


def test_vessels_start_where_told_and_thin() -> None:
    points = vessels(np.random.default_rng(0), 64, 64, 0.0, 2.0, 15)
    assert np.hypot(*(points[0, :2] - 64)) < 2
    assert points[0, 2] == 2
    assert 0.45 < points[:, 2].min() < 0.75


def test_places_and_contrasts() -> None:
    rng = np.random.default_rng(0)
    allowed = np.zeros((SIZE, SIZE), bool)
    allowed[0, SIZE - 1] = True
    assert place(rng, allowed) == pytest.approx((1 - 1 / SIZE, -1 + 1 / SIZE))
    assert place(rng, np.zeros_like(allowed)) == (0, 0)
    drawn = np.array([signed(rng, 0.1, 0.2, up=0.25) for _ in range(400)])
    assert np.abs(drawn).min() >= 0.1
    assert np.abs(drawn).max() <= 0.2
    assert 0.15 < (drawn > 0).mean() < 0.35
