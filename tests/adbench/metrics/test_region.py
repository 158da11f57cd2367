"""AUPRO against a loop over all thresholds, a flood fill and the golden file."""

from __future__ import annotations

import itertools
import json
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from adbench.metrics import aupro, auroc, find_regions

NEIGHBOURS = {4: [(0, 1), (1, 0)], 8: [(0, 1), (1, 0), (1, 1), (1, -1)]}


def flood_regions(mask: np.ndarray, connectivity: int) -> list[set[tuple[int, int]]]:
    """Components of one mask by growing sets."""
    steps = [(a * sign, b * sign) for a, b in NEIGHBOURS[connectivity] for sign in (1, -1)]
    left, regions = set(zip(*np.nonzero(mask), strict=True)), []
    while left:
        region, edge = set(), [left.pop()]
        while edge:
            row, column = edge.pop()
            region.add((row, column))
            near = {(row + down, column + right) for down, right in steps} & left
            left -= near
            edge += near
        regions.append(region)
    return regions


def aupro_over_thresholds(masks: np.ndarray, maps: np.ndarray, limit: float, connectivity: int) -> float:
    """The definition, word for word."""
    regions = [
        [scores[pixel] for pixel in region]
        for mask, scores in zip(masks, maps, strict=True)
        for region in flood_regions(mask, connectivity)
    ]
    outside = maps[masks == 0]
    curve = [(0.0, 0.0)]
    curve += [
        (np.mean(outside >= cut), np.mean([np.mean(np.array(region) >= cut) for region in regions]))
        for cut in np.unique(maps)[::-1]
    ]
    area = 0.0
    for (fpr, pro), (next_fpr, next_pro) in itertools.pairwise(curve):
        if next_fpr > limit:
            next_pro = pro + (next_pro - pro) * (limit - fpr) / (next_fpr - fpr)
            next_fpr = limit
        area += (next_fpr - fpr) * (pro + next_pro) / 2
        if next_fpr == limit:
            break
    return area / limit


@st.composite
def masked_maps(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    shape = (draw(st.integers(1, 3)), draw(st.integers(1, 6)), draw(st.integers(1, 6)))
    masks = draw(hnp.arrays(np.uint8, shape, elements=st.integers(0, 1)))
    scale = draw(st.sampled_from([1.0, 1e-7, 1e20]))
    levels = draw(st.sampled_from([1, 3, 1000]))
    steps = draw(hnp.arrays(np.int64, shape, elements=st.integers(0, levels)))
    maps = np.exp(steps / levels * 30) * scale if draw(st.booleans()) else 0.7 + steps * 1e-6
    return masks, maps.astype(draw(st.sampled_from([np.float32, np.float64])))


@settings(max_examples=150, deadline=None)
@given(masked_maps(), st.sampled_from([0.05, 0.3, 0.5, 1.0]), st.sampled_from([4, 8]))
def test_aupro_equals_the_definition(data: tuple[np.ndarray, np.ndarray], limit: float, connectivity: int) -> None:
    masks, maps = data
    found = aupro(masks, maps, limit, connectivity)
    if masks.all() or not masks.any():
        assert math.isnan(found)
    else:
        assert found == pytest.approx(aupro_over_thresholds(masks, maps, limit, connectivity), abs=1e-9)


def test_single_pixel_regions_at_the_full_limit_give_the_auroc() -> None:
    rng = np.random.default_rng(0)
    masks = np.zeros((4, 12, 12), bool)
    masks[:, ::3, ::3] = True
    maps = rng.standard_normal(masks.shape) + masks
    assert aupro(masks, maps, limit=1.0) == pytest.approx(auroc(masks, maps), abs=1e-12)


@pytest.mark.parametrize("score", [0.0, 1e-300, -5.0])
def test_constant_scores_give_half_the_limit(score: float) -> None:
    masks = np.zeros((2, 4, 4), bool)
    masks[0, 1, 1] = True
    assert aupro(masks, np.full(masks.shape, score), 0.3) == pytest.approx(0.15)


def test_one_abnormal_pixel_ranked_first_or_last() -> None:
    masks = np.zeros((1, 5, 5), bool)
    masks[0, 2, 2] = True
    assert aupro(masks, masks.astype(float)) == pytest.approx(1)
    assert aupro(masks, -masks.astype(float)) == 0


def test_infinite_scores_are_ordered() -> None:
    masks = np.array([[[1, 0, 0, 0]]])
    assert aupro(masks, np.array([[[np.inf, 1.0, -np.inf, 2.0]]]), 1.0) == pytest.approx(1)


def test_regions_of_neighbouring_images_never_join() -> None:
    regions = find_regions(np.ones((3, 2, 2), bool))
    assert regions.sizes.tolist() == [4, 4, 4]
    assert regions.of_pixel.tolist() == [0] * 4 + [1] * 4 + [2] * 4


def test_corners_join_regions_only_under_eight() -> None:
    mask = np.array([[[1, 0], [0, 1]]])
    assert find_regions(mask, 8).sizes.tolist() == [2]
    assert find_regions(mask, 4).sizes.tolist() == [1, 1]


@pytest.mark.parametrize(
    ("masks", "maps", "options", "match"),
    [
        (np.zeros((1, 2, 2)), np.zeros((1, 2, 3)), {}, "shape"),
        (np.zeros((2, 2)), np.zeros((2, 2)), {}, "N, H, W"),
        (np.zeros((1, 2, 2)), np.zeros((1, 2, 2)), {"limit": 0.0}, "limit"),
        (np.zeros((1, 2, 2)), np.zeros((1, 2, 2)), {"connectivity": 6}, "connectivity"),
        (np.array([[[0, 1]]]), np.array([[[np.nan, 1.0]]]), {}, "NaN"),
        (np.array([[[0, 1]]]), np.array([[[1.0, np.nan]]]), {}, "NaN"),
    ],
)
def test_bad_input_raises(masks: np.ndarray, maps: np.ndarray, options: dict, match: str) -> None:
    with pytest.raises(ValueError, match=match):
        aupro(masks, maps, **options)


def test_golden_figures(shared: Path) -> None:
    arrays = np.load(shared / "golden/metrics/metrics.npz")
    expected = json.loads((shared / "golden/metrics/expected.json").read_text())["pixel"]
    for case, figures in expected.items():
        masks, maps = arrays[f"px_{case}_masks"], arrays[f"px_{case}_maps"]
        for limit in (0.3, 0.05, 1.0):
            for connectivity in (4, 8):
                wanted = figures[f"aupro_{limit}_plain_conn{connectivity}"]
                assert aupro(masks, maps, limit, connectivity) == pytest.approx(wanted, abs=1e-9), case
            assert aupro(masks, maps, limit) == pytest.approx(figures[f"aupro_{limit}_anomalib"], abs=1e-5), case
