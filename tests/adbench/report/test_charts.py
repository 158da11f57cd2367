"""Charts: the figures behind the pictures."""

from __future__ import annotations

import math

import numpy as np
import pytest
from markupsafe import Markup

from adbench.metrics.ranking import auroc
from adbench.metrics.ranks import compare_ranks
from adbench.report.charts.cost import CostPoint, cost_chart
from adbench.report.charts.heat import HeatRow, heat_map
from adbench.report.charts.ranks import cliques, rank_diagram
from adbench.report.charts.roc import roc_points
from adbench.report.charts.scores import score_histogram, score_range
from adbench.report.charts.shots import ShotSeries, shots_chart
from adbench.report.charts.svg import curve, element, log_ticks, share_range, share_ticks, shortened


def test_elements_escape_text_and_attributes() -> None:
    made = element("text", "<b>", element("g"), aria_label='"&', class_="a", x=1.0, gone=None)
    assert made == '<text aria-label="&#34;&amp;" class="a" x="1">&lt;b&gt;<g></g></text>'
    assert isinstance(made, Markup)


def test_curves_drop_points_that_change_nothing() -> None:
    assert curve([0, 1, 2, 2, 2, 5], [0, 0, 0, 0.1, 4, 4]) == "M0 0L2 0L2 4L5 4"
    assert curve([1, 1], [2, 2]) == "M1 2"


@pytest.mark.parametrize(("low", "high"), [(0.0, 1.0), (0.5, 0.55), (0.35, 1.0), (0.9, 1.0)])
def test_share_ticks_lie_within_and_are_few(low: float, high: float) -> None:
    ticks = share_ticks(low, high)
    assert 2 <= len(ticks) <= 6
    assert low <= ticks[0] < ticks[-1] <= high


def test_share_range_holds_all_figures() -> None:
    assert share_range([0.5, 0.97]) == (0.45, 1.0)
    assert share_range([1.0]) == (0.95, 1.0)
    assert share_range([0.0]) == (0.0, 0.05)


def test_log_ticks_are_round() -> None:
    assert log_ticks(0.8, 12) == [1, 2, 5, 10]
    assert log_ticks(0.001, 1000) == pytest.approx([10.0**power for power in range(-3, 4)])


def test_short_names_stay_whole() -> None:
    assert shortened("mvfa", 4) == "mvfa"
    assert shortened("patchcore", 6) == "patch…"


@pytest.mark.parametrize("ties", [False, True])
def test_roc_encloses_the_auroc(ties: bool) -> None:
    rng = np.random.default_rng(5)
    labels = rng.random(200) < 0.3
    scores = rng.standard_normal(200) + labels
    scores = np.round(scores) if ties else scores
    alarms, hits = roc_points(labels, scores)
    assert (alarms[0], hits[0], alarms[-1], hits[-1]) == (0, 0, 1, 1)
    assert np.sum(np.diff(alarms) * (hits[1:] + hits[:-1]) / 2) == pytest.approx(auroc(labels, scores), abs=1e-12)


def test_infinite_scores_share_a_threshold() -> None:
    alarms, hits = roc_points(np.array([True, False, True, False]), np.array([math.inf, math.inf, -math.inf, -math.inf]))
    assert alarms.tolist() == [0, 0.5, 1]
    assert hits.tolist() == [0, 0.5, 1]


def test_cliques_are_the_longest_stretches() -> None:
    assert cliques([1.0, 1.5, 2.2, 4.0], 1.3) == [(0, 2)]
    assert cliques([1.0, 2.0, 3.0], 1.5) == [(0, 1), (1, 2)]
    assert cliques([1.0, 3.0], 1.0) == []


def test_rank_diagram_names_every_method() -> None:
    comparison = compare_ranks([[0.9, 0.8, 0.7], [0.8, 0.9, 0.6], [0.9, 0.7, 0.8]])
    drawn = rank_diagram(comparison, ["one", "two", "three"], [0, 1, 2], "described")
    for label in ("one 1.33", "two 2.00", "three 2.67", f"critical difference {comparison.critical_difference:.2f}"):
        assert f">{label}<" in drawn


def test_heavy_tails_do_not_hide_the_rest() -> None:
    scores = np.concatenate([np.linspace(0, 1, 400), [1e6]])
    high = score_range(scores)[1]
    assert high < 2
    _, beyond = score_histogram(np.arange(401) % 2 == 0, scores, "")
    assert beyond >= 1
    assert score_range(np.linspace(-3, 3, 100)) == (-3, 3)


@pytest.mark.parametrize("scores", [np.zeros(4), np.full(4, np.inf), np.array([0, 1, np.inf, -np.inf])])
def test_odd_scores_are_drawn(scores: np.ndarray) -> None:
    drawn, _ = score_histogram(np.array([True, False, True, False]), scores, "")
    assert "nan" not in drawn
    assert "inf" not in drawn


def test_heat_map_shows_values_failures_and_gaps() -> None:
    drawn = heat_map([HeatRow("m", ["zero-shot"], [0.873, None, None, 0.3], [False, True, False, False])], list("abcd"), "")
    assert ">87.3<" in drawn
    assert ">failed<" in drawn
    assert ">–<" in drawn
    assert drawn.count('class="heat-bad"') == 1


def test_single_points_are_drawn() -> None:
    assert "circle" in cost_chart([CostPoint(0, "m", 0.0, 1.0)], "seconds", "")
    assert "circle" in shots_chart([ShotSeries(0, [(4, 1.0, 0.3)])], "")
    assert "nan" not in shots_chart([ShotSeries(0, [(2, 0.5, None), (16, 0.0, 0.1)])], "")


def test_labels_of_equal_points_do_not_cover_each_other() -> None:
    drawn = cost_chart([CostPoint(number, f"m{number}", 1.0, 0.9) for number in range(3)], "seconds", "")
    places = [part.split('"')[1] for part in drawn.split("<text") if 'class="label"' in part for part in [part.split(" y=")[1]]]
    assert len(set(places)) == 3
