"""Results to ranked rows."""

from __future__ import annotations

import csv
import io
import json
import re

import pytest
from rich.console import Console

from adbench.leaderboard import as_rows, build_tables
from adbench.render.table import print_tables, to_svg
from adbench.render.text import to_csv, to_json, to_markdown
from adbench.render.words import footnotes
from adbench.results import CellRecord


def record(method="a", dataset="d1", seed=0, value: float | None = 0.8, **changes) -> CellRecord:
    metrics = {} if value is None else {"image_auroc": value}
    defaults = {
        "id": f"{method}{dataset}{seed}{changes}",
        "status": "failed" if value is None else "done",
        "identity": {},
        "method": method,
        "variant": method,
        "title": method.upper(),
        "dataset": dataset,
        "track": "few-shot",
        "k": 4,
        "seed": seed,
        "preset": "demo",
        "metrics": metrics,
    }
    return CellRecord(**{**defaults, **changes})


def test_seeds_are_averaged_and_their_spread_shown() -> None:
    table = build_tables([record(seed=0, value=0.7), record(seed=1, value=0.9)])[0]
    figure = table.rows[0].figures["d1", "image_auroc"]
    assert (figure.value, figure.seeds) == (pytest.approx(0.8), (0, 1))
    assert figure.std == pytest.approx(0.1 * 2**0.5)


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


def test_a_set_on_which_all_failed_still_shows() -> None:
    tables = build_tables([record("a", "d1"), record("a", "d2", value=None)])
    assert [row["dataset"] for row in as_rows(tables)] == ["d1", "d2"]


def test_marked_rows_come_last() -> None:
    tables = build_tables([record("oracle", value=0.99, selection="test-oracle"), record("honest", value=0.6)])
    assert [(row.method, row.mark) for row in tables[0].rows] == [("honest", ""), ("oracle", "test-oracle")]


def test_a_cell_that_was_measured_again_counts_once() -> None:
    older, newer = record(value=0.5, started="2026-01-01", id="1"), record(value=0.7, started="2026-01-02", id="2")
    failed = record(value=None, started="2026-01-03", id="3")
    figure = build_tables([newer, older, failed])[0].rows[0].figures["d1", "image_auroc"]
    assert (figure.value, figure.seeds) == (0.7, (0,))


def test_formats_hold_the_same_figures() -> None:
    tables = build_tables([record("a", value=0.123456), record("b", value=None), record("c|d", seed=1)])
    rows = json.loads(to_json(tables))
    assert {"method", "track", "k", "preset", "dataset", "metric", "value", "n_seeds"} <= set(rows[0])
    assert {row["method"]: row["value"] for row in rows} == {"a": 0.123456, "b": None, "c|d": 0.8}
    assert [row["value"] for row in csv.DictReader(io.StringIO(to_csv(tables)))] == ["0.8", "0.123456", ""]
    markdown = to_markdown(tables)
    assert "| a | 12.3 | 12.3 |" in markdown
    assert "| b | – | – |" in markdown
    assert "| c\\|d |" in markdown


def test_the_terminal_table_shows_all_of_it() -> None:
    console = Console(record=True, width=120, file=io.StringIO())
    variant = record("a", value=0.4, variant="a[epochs=3]", synthetic=True)
    tables = build_tables(
        [variant, record("a", value=0.5, synthetic=True), record("b", value=None), record("o", selection="test-oracle")]
    )
    print_tables(tables, console)
    text = console.export_text()
    for part in (
        "few-shot, k = 4 (preset demo)",
        "50.0",
        "failed",
        "a[epochs=3]",
        "o (test-oracle)",
        "chosen on the test set",
        "No mean",
    ):
        assert part in text


def test_no_records_are_no_tables() -> None:
    assert build_tables([]) == []
    assert json.loads(to_json([])) == []
    assert to_csv([]) == "method\n"


def test_the_picture_needs_nothing_from_outside() -> None:
    svg = to_svg(build_tables([record("a", value=0.5)]))
    assert "50.0" in svg
    assert set(re.findall(r"(?:href|src|url)[=(]\"?(https?:[^\"')]+)", svg)) == set()
