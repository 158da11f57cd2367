"""Tie groups: against tests made one by one, and by how often equal methods are called different."""

from __future__ import annotations

import math
from itertools import combinations

import numpy as np
import pytest
from boards import measured, tables_of
from references import pair_wins
from scipy import stats
from simulated import shift_for

from adbench.leaderboard.standings import stand

NORMAL, ABNORMAL = 40, 30
LABELS = np.repeat([0, 1], [NORMAL, ABNORMAL])


def scores(rng: np.random.Generator, quality: float, common: np.ndarray) -> np.ndarray:
    return common + rng.standard_normal(LABELS.size) + shift_for(quality, 2.0) * LABELS


def board(seed: int, qualities: dict[str, float], datasets: tuple[str, ...], groups: tuple[str, ...] = (), seeds: int = 1):
    rng = np.random.default_rng(seed)
    cells = []
    for dataset in datasets:
        common = rng.standard_normal(LABELS.size)
        for name, quality in qualities.items():
            cells += [measured(name, scores(rng, quality, common), LABELS, groups, dataset=dataset, seed=s) for s in range(seeds)]
    return cells


@pytest.mark.parametrize("grouped", [False, True])
def test_every_pair_is_tested_once_and_corrected_over_the_table(grouped: bool) -> None:
    groups = tuple(str(number // 3) for number in range(LABELS.size)) if grouped else ()
    cells = board(1, {"a": 0.9, "b": 0.8, "c": 0.65}, ("d1", "d2"), groups)
    found = tables_of(cells)[0].p_values
    by_place = {(cell.method, cell.dataset): table.scores for cell, table in cells}
    pairs = list(combinations("abc", 2))
    wanted = {
        (dataset, a, b): mean_p([by_place[a, dataset]], [by_place[b, dataset]], groups)
        for dataset in ("d1", "d2")
        for a, b in pairs
    }
    for a, b in pairs:
        wanted[None, a, b] = mean_p([by_place[a, d] for d in ("d1", "d2")], [by_place[b, d] for d in ("d1", "d2")], groups)
    for (column, a, b), p in stepped_down(wanted).items():
        assert found[column][a, b] == found[column][b, a] == pytest.approx(p, rel=1e-9)


def stepped_down(p_values: dict) -> dict:
    """Holm 1979: the smallest of n times n, the next times n - 1, never less than one before."""
    corrected, least = {}, 0.0
    for left, (key, p) in zip(range(len(p_values), 0, -1), sorted(p_values.items(), key=lambda pair: pair[1]), strict=True):
        least = max(least, min(left * p, 1.0))
        corrected[key] = least
    return corrected


def mean_p(first: list[np.ndarray], second: list[np.ndarray], groups: tuple[str, ...]) -> float:
    """p of a mean difference over datasets, by the covariance of all placements, groups summed by hand."""
    positive = LABELS == 1
    codes = np.unique(groups or np.arange(LABELS.size), return_inverse=True)[1]
    values, variances, freedoms = [], [], []
    for one, other in zip(first, second, strict=True):
        wins = pair_wins(LABELS, one) - pair_wins(LABELS, other)
        moved = wins.mean(axis=1), wins.mean(axis=0)
        values.append(moved[0].mean())
        sums, parts, free = [], [], []
        for part, chosen in ((moved[0], positive), (moved[1], ~positive)):
            by_group = np.array([(part - part.mean())[codes[chosen] == code].sum() for code in range(codes.max() + 1)])
            sizes = np.array([(codes[chosen] == code).sum() for code in range(codes.max() + 1)])
            units = (sizes > 0).sum()
            sums.append(by_group / part.size)
            parts.append(units / (units - 1) * (sums[-1] ** 2).sum())
            free.append(sizes.sum() ** 2 / (sizes**2).sum() - 1)
        total = codes.max() + 1
        variances.append(sum(parts) + 2 * total / (total - 1) * sums[0] @ sums[1])
        freedoms.append(sum(parts) ** 2 / (parts[0] ** 2 / free[0] + parts[1] ** 2 / free[1]))
    freedom = sum(variances) ** 2 / sum(v**2 / f for v, f in zip(variances, freedoms, strict=True))
    # Each dataset counts the same: the variance of their mean is the sum over the square of their number.
    variance, count = sum(variances), len(variances)
    return float(2 * stats.t.sf(abs(np.mean(values)) * count / math.sqrt(variance), freedom))


def test_seeds_count_as_one_method_on_the_same_images() -> None:
    cells = board(2, {"a": 0.85, "b": 0.7}, ("d",), seeds=3)
    found = tables_of(cells)[0].p_values["d"]["a", "b"]
    # By resampling images: the spread of the difference of mean AUROCs.
    rng = np.random.default_rng(3)
    table = {name: [scores.scores for cell, scores in cells if cell.method == name] for name in "ab"}
    drawn = []
    for _ in range(1500):
        chosen = np.concatenate([rng.integers(0, NORMAL, NORMAL), NORMAL + rng.integers(0, ABNORMAL, ABNORMAL)])
        areas = {n: np.mean([pair_wins(LABELS, s[chosen]).mean() for s in table[n]]) for n in "ab"}
        drawn.append(areas["a"] - areas["b"])
    value = np.mean([pair_wins(LABELS, s).mean() for s in table["a"]]) - np.mean(
        [pair_wins(LABELS, s).mean() for s in table["b"]]
    )
    # Student's t at some 65 degrees of freedom; the resampled error is good to about 2 %.
    half = abs(value) / stats.t.ppf(1 - found / 2, 65)
    assert half == pytest.approx(np.std(drawn), rel=0.08)


@pytest.mark.slow
def test_equal_methods_are_rarely_told_apart_by_any_test_of_the_table() -> None:
    wrong = 0
    for seed in range(300):
        table = tables_of(board(seed, dict.fromkeys("abcd", 0.8), ("d1", "d2")))[0]
        wrong += any(p < 0.05 for column in table.p_values.values() for p in column.values())
    # At most 5 % by design: 300 draws give 15 +- 3.8 where the correction is exact.
    assert wrong <= 15 + 2 * 3.8


def test_a_group_is_its_best_and_all_that_do_not_differ_from_it() -> None:
    figures = {"a": 0.9, "b": 0.88, "c": 0.8, "d": 0.79, "e": 0.5}
    apart = {("a", "b"): 0.5, ("a", "c"): 0.01, ("a", "d"): 0.04, ("a", "e"): 0.0, ("c", "d"): 0.9, ("c", "e"): 0.001}
    found = stand(figures, apart)
    assert {name: str(standing) for name, standing in found.items()} == {"a": "1=", "b": "1=", "c": "3=", "d": "3=", "e": "5"}
    assert [name for name in found if found[name].leads] == ["a"]
    assert [name for name in found if found[name].emphasis == "tied"] == ["b"]
    assert found["c"].p == 0.01


def test_a_lower_row_can_tie_with_the_best_while_a_higher_one_does_not() -> None:
    found = stand({"a": 0.9, "b": 0.8, "c": 0.7}, {("a", "b"): 0.01, ("a", "c"): 0.2})
    assert {name: str(standing) for name, standing in found.items()} == {"a": "1=", "c": "1=", "b": "3"}


def test_without_tests_the_figures_decide_and_too_few_images_decide_nothing() -> None:
    assert [str(s) for s in stand({"a": 0.9, "b": 0.9, "c": 0.8}, {}).values()] == ["1=", "1=", "3"]
    tied = stand({"a": 0.9, "b": 0.2}, {("a", "b"): math.nan})
    assert [str(standing) for standing in tied.values()] == ["1=", "1="]
    assert tied["b"].p is None
    assert stand({}, {}) == {}


def test_rows_measured_on_other_images_are_not_tested() -> None:
    rng = np.random.default_rng(0)
    short = LABELS[5:]
    cells = [measured("a", rng.random(LABELS.size), LABELS), measured("b", rng.random(short.size), short)]
    assert tables_of(cells)[0].p_values == {None: {}}


def test_images_of_one_name_with_other_content_are_not_the_same() -> None:
    rng = np.random.default_rng(0)
    content = {"identity": {"fingerprint": "other"}}
    cells = [measured("a", rng.random(LABELS.size), LABELS), measured("b", rng.random(LABELS.size), LABELS, **content)]
    assert tables_of(cells)[0].p_values == {None: {}}
    of_two_copies = [measured("c", rng.random(LABELS.size), LABELS, seed=seed, **(content if seed else {})) for seed in (0, 1)]
    assert tables_of([cells[0], *of_two_copies])[0].p_values == {None: {}}
