from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"


@pytest.fixture
def figure(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sys, "path", [str(BENCHMARKS), *sys.path])
    from parity_checks.april_aupro import april_aupro

    return april_aupro


def test_by_a_loop_over_thresholds_regions_and_pixels(figure) -> None:
    """The definition of the golden folder's README, pixel by pixel."""
    rng = np.random.default_rng(0)
    maps = rng.random((2, 9, 7)).astype(np.float32)
    masks = np.zeros((2, 9, 7), bool)
    regions = [(0, slice(0, 2), slice(0, 3)), (0, slice(5, 8), slice(4, 6)), (1, slice(3, 4), slice(1, 6))]
    for image, rows, columns in regions:
        masks[image, rows, columns] = True
        maps[image, rows, columns] += 0.3
    points = []
    for step in range(200):
        threshold = maps.min() + step * (maps.max() - maps.min()) / 200
        rate = (maps[~masks] > threshold).mean()
        if rate < 0.3:
            points.append((rate, np.mean([(maps[region] > threshold).mean() for region in regions])))
    rates, overlaps = np.array(points).T
    rates = (rates - rates.min()) / (rates.max() - rates.min())
    area = sum((rates[i] - rates[i + 1]) * (overlaps[i] + overlaps[i + 1]) / 2 for i in range(len(rates) - 1))
    assert figure(masks, maps) == pytest.approx(area, abs=1e-6)


def test_nothing_where_scores_or_rates_are_all_equal(figure) -> None:
    masks = np.zeros((1, 4, 4), bool)
    masks[0, 1, 1] = True
    assert figure(masks, np.full((1, 4, 4), 0.5, np.float32)) is None
    assert figure(masks, masks.astype(np.float32)) is None
