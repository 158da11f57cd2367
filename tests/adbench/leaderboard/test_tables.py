"""Results to ranked rows."""

from __future__ import annotations

import numpy as np
import pytest
from boards import measured, record, tables_of
from scipy import stats

from adbench.leaderboard.tables import build_tables
from adbench.metrics import delong
from adbench.render.grid import grids
from adbench.render.notes import footnotes
from adbench.render.rows import as_rows

LABELS = np.arange(80) % 2


def test_presets_tracks_and_shots_never_mix() -> None:
    records = [
        record(),
        record(preset="paper"),
        record(k=8),
        record(track="few-normal"),
        record(identity={"protocol": {"limit": 8}}),
    ]
    assert len(build_tables(records)) == 5
    assert "limit=8" in {table.condition for table in build_tables(records)}


@pytest.mark.parametrize(("track", "mark"), [("zero-shot", "random-weights"), ("few-normal", "")])
def test_random_weights_are_marked_where_nothing_else_counts(track: str, mark: str) -> None:
    table = build_tables([record("low", value=0.6, track=track), record("high", value=0.9, track=track, random_weights=True)])[0]
    assert {row.method: row.mark for row in table.rows} == {"low": "", "high": mark}
    assert table.rows[0].method == ("low" if mark else "high")
    assert ("random-weights: the network was never trained" in " ".join(footnotes(table))) == bool(mark)


def test_rows_are_ranked_by_their_mean() -> None:
    tables = build_tables([record("low", value=0.6), record("high", value=0.9), record("middle", value=0.7)])
    assert [row.method for row in tables[0].rows] == ["high", "middle", "low"]


def test_no_mean_where_a_dataset_is_missing() -> None:
    table = build_tables([record("full", "d1"), record("full", "d2"), record("half", "d1", value=0.99)])[0]
    assert table.mean(table.rows[0], "image_auroc") == pytest.approx(0.8)
    assert table.rows[1].method == "half"
    assert table.mean(table.rows[1], "image_auroc") is None


def test_a_failed_cell_is_missing_not_zero() -> None:
    table = build_tables([record("bad", value=None), record("good")])[0]
    assert [row.method for row in table.rows] == ["good", "bad"]
    assert table.rows[1].failed == {"d1": 1}
    rows = {row["method"]: row for row in as_rows([table])}
    assert (rows["bad"]["value"], rows["bad"]["n_seeds"], rows["bad"]["n_failed"]) == (None, 0, 1)


def test_a_failure_under_another_protocol_is_not_hidden() -> None:
    tables = build_tables([record(), record(value=None, identity={"protocol": {"limit": 8}})])
    assert {table.condition: table.rows[0].failed for table in tables} == {"": {}, "limit=8": {"d1": 1}}


def test_a_set_on_which_all_failed_still_shows() -> None:
    tables = build_tables([record("a", "d1"), record("a", "d2", value=None)])
    assert [row["dataset"] for row in as_rows(tables)] == ["d1", "d2"]


def test_marked_rows_come_last() -> None:
    tables = build_tables([record("oracle", value=0.99, selection="test-oracle"), record("honest", value=0.6)])
    assert [(row.method, row.mark) for row in tables[0].rows] == [("honest", ""), ("oracle", "test-oracle")]


def test_a_card_contradicted_in_one_cell_marks_its_row() -> None:
    records = [
        record("a", value=0.9),
        record("a", "d2", value=0.9, contradiction="Scored by themselves, 3 of 8 differ."),
        record("b"),
    ]
    table = build_tables([*records, record("b", "d2")])[0]
    assert [(row.method, row.mark) for row in table.rows] == [("b", ""), ("a", "transductive")]


def test_a_cell_that_was_measured_again_counts_once() -> None:
    older, newer = record(value=0.5, started="2026-01-01", id="1"), record(value=0.7, started="2026-01-02", id="2")
    failed = record(value=None, started="2026-01-03", id="3")
    figure = build_tables([newer, older, failed])[0].rows[0].figures["d1", "image_auroc"]
    assert (figure.value, figure.seeds) == (0.7, (0,))


def noisy(seed: int, noise: float) -> np.ndarray:
    """Scores of the same images, better or worse."""
    return LABELS + noise * np.random.default_rng(seed).standard_normal(LABELS.size)


def test_rows_that_do_not_differ_from_the_best_share_its_rank() -> None:
    good = noisy(1, 0.6)
    cells = [measured("good", good, LABELS), measured("close", good + 1e-3 * noisy(2, 1.0), LABELS)]
    cells += [measured("poor", noisy(3, 20.0), LABELS)]
    table = tables_of(cells)[0]
    standings = table.standings("image_auroc", None)
    assert {str(standings["good"]), str(standings["close"])} == {"1="}
    assert str(standings["poor"]) == "3"
    assert standings == table.standings("image_auroc", "d1")


def test_marked_rows_are_ranked_only_when_asked() -> None:
    cells = [measured("honest", noisy(1, 5.0), LABELS), measured("oracle", noisy(1, 0.2), LABELS, selection="test-oracle")]
    honest, asked = tables_of(cells)[0], tables_of(cells, rank_marked=True)[0]
    assert list(honest.standings("image_auroc", "d1")) == ["honest"]
    assert honest.p_values == {None: {}}
    assert list(asked.standings("image_auroc", "d1")) == ["oracle", "honest"]
    assert [row.method for row in asked.rows] == ["oracle", "honest"]
    assert asked.standings("image_auroc", "d1")["honest"].rank == 2


def test_a_row_that_lacks_a_dataset_has_no_rank_in_the_mean() -> None:
    cells = [measured("whole", noisy(1, 1.0), LABELS, dataset=name) for name in ("d1", "d2")]
    cells += [measured("half", noisy(1, 0.1), LABELS, dataset="d1")]
    table = tables_of(cells)[0]
    assert list(table.standings("image_auroc", None)) == ["whole"]
    assert set(table.standings("image_auroc", "d1")) == {"half", "whole"}
    half = next(row for row in table.rows if row.method == "half")
    assert table.missing(half, "image_auroc") == ["d2"]


BOTH = {"image_auroc": 0.8, "pixel_auroc": 0.9}


@pytest.mark.parametrize(
    ("odd", "columns", "mean"),
    [
        ({"value": None, "has_masks": True}, ["d1", "d2", "odd"], None),
        ({"value": None, "has_masks": False}, ["d1", "d2"], 0.9),
        ({"value": None}, ["d1", "d2", "odd"], None),  # an older record: nobody knows whether it has masks
        ({"has_masks": True}, ["d1", "d2", "odd"], None),  # finished, by a method without maps
        ({"has_masks": False}, ["d1", "d2"], 0.9),
        ({}, ["d1", "d2"], 0.9),  # finished, an older record
        ({"counts": {"abnormal_pixels": 3}}, ["d1", "d2", "odd"], None),
    ],
)
def test_no_pixel_mean_over_fewer_sets_than_have_masks(odd: dict, columns: list[str], mean: float | None) -> None:
    cells = [record(name, dataset, metrics=BOTH) for name in ("a", "b") for dataset in ("d1", "d2")]
    table = build_tables([*cells, *(record(name, "odd", **odd) for name in ("a", "b"))])[0]
    assert table.datasets_with("pixel_auroc") == columns
    assert table.datasets_with("image_auroc") == ["d1", "d2", "odd"]
    for row in table.rows:
        assert table.mean(row, "pixel_auroc") == (None if mean is None else pytest.approx(mean))
    assert bool(table.standings("pixel_auroc", None)) == (mean is not None)
    assert table.datasets_with("pixel_aupro") == []
    shown = {line.label: line for grid in grids(table, ["pixel_auroc"]) for line in grid.lines}
    assert [cell.text for cell in shown["a"].cells][-1] == ("–" if mean is None else "90.0")
    if mean is None:
        assert shown["a"].rank == "–"
        (note,) = [note for note in footnotes(table, ["pixel_auroc"]) if note.startswith("No mean where a dataset is missing")]
        assert "odd" in note
        assert shown["a"].cells[2].text == ("failed" if odd.get("value", 1) is None else "–")


def test_an_image_figure_that_some_sets_lack_has_no_mean() -> None:
    cells = [record("a", "d1", metrics={"image_auroc": 0.8, "image_new": 0.5}), record("a", "d2")]
    table = build_tables(cells)[0]
    assert table.datasets_with("image_new") == ["d1", "d2"]
    assert table.mean(table.rows[0], "image_new") is None


def test_lower_false_positive_rates_are_better() -> None:
    rates = {"low": 0.1, "high": 0.4}
    table = build_tables([record(name, metrics={"image_auroc": 0.8, "image_fpr95": rate}) for name, rate in rates.items()])[0]
    assert [row.method for row in table.ordered("image_fpr95")] == ["low", "high"]
    assert table.standings("image_fpr95", "d1")["low"].leads


def test_mean_ranks_leave_out_what_lacks_a_dataset() -> None:
    rng = np.random.default_rng(5)
    figures = rng.random((6, 4))
    cells = [record(m, f"d{d}", value=figures[d, i]) for d in range(6) for i, m in enumerate("wxyz")]
    table = build_tables([*cells, record("part", "d0", value=0.99)])[0]
    rows, found = table.mean_ranks("image_auroc")
    order = ["wxyz".index(row.method) for row in rows]
    np.testing.assert_allclose(found.mean_ranks, stats.rankdata(-figures, axis=1).mean(axis=0)[order])
    assert found.friedman_p == pytest.approx(stats.friedmanchisquare(*figures.T).pvalue)
    assert build_tables([record("a"), record("b")])[0].mean_ranks("image_auroc") is None


def test_scores_are_sorted_once_a_cell_however_many_pairs_are_tested(monkeypatch: pytest.MonkeyPatch) -> None:
    sorted_scores: list[int] = []
    place = delong.placements

    def counted(labels: np.ndarray, scores: np.ndarray) -> delong.Placements:
        sorted_scores.append(len(scores))
        return place(labels, scores)

    monkeypatch.setattr(delong, "placements", counted)
    rng = np.random.default_rng(0)
    labels, known = np.arange(60) % 3 == 0, {"image_auroc": [0.5, 0.9]}
    cells = [
        measured(f"m{method}", rng.standard_normal(60) + labels, labels, dataset=f"d{dataset}", intervals=known)
        for method in range(10)
        for dataset in range(3)
    ]
    p_values = tables_of(cells)[0].p_values
    assert {column: len(pairs) for column, pairs in p_values.items()} == dict.fromkeys(("d0", "d1", "d2", None), 2 * 45)
    assert sorted_scores == [60] * 30
