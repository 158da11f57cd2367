"""Markdown, CSV, JSON and the terminal hold the same figures."""

from __future__ import annotations

import csv
import io
import json
import re

import numpy as np
from boards import measured, record, tables_of
from rich.console import Console

from adbench.leaderboard.tables import build_tables
from adbench.render.markdown import to_markdown
from adbench.render.rows import to_csv, to_json
from adbench.render.table import print_tables, to_svg

LABELS = np.arange(60) % 2


def three_rows() -> list:
    good = LABELS + 0.3 * np.random.default_rng(1).standard_normal(60)
    near = good + 0.05 * np.random.default_rng(2).standard_normal(60)
    return tables_of([measured("best", good, LABELS), measured("near", near, LABELS), measured("far", -good, LABELS)])


def printed(tables, width: int = 110, **options) -> str:
    console = Console(record=True, width=width, file=io.StringIO())
    print_tables(tables, console, **options)
    return console.export_text()


def test_formats_hold_the_same_figures() -> None:
    tables = build_tables([record("a", value=0.123456), record("b", value=None), record("c|d", seed=1)])
    rows = json.loads(to_json(tables))
    assert {"method", "track", "k", "preset", "dataset", "metric", "value", "n_seeds"} <= set(rows[0])
    assert {row["method"]: row["value"] for row in rows} == {"a": 0.123456, "b": None, "c|d": 0.8}
    assert [row["value"] for row in csv.DictReader(io.StringIO(to_csv(tables)))] == ["0.8", "0.123456", ""]
    markdown = to_markdown(tables)
    assert "| 1 | c\\|d | **80.0** | **80.0** |" in markdown
    assert "| 2 | a | 12.3 | 12.3 |" in markdown
    assert "| – | b | failed | – |" in markdown


def test_ties_and_intervals_are_in_every_format() -> None:
    tables = three_rows()
    rows = {row["method"]: row for row in json.loads(to_json(tables))}
    assert [rows[name]["standing"] for name in ("best", "near", "far")] == ["best", "tied", ""]
    assert [rows[name]["rank"] for name in ("best", "near", "far")] == ["1=", "1=", "3"]
    assert rows["best"]["p_best"] is None
    assert rows["far"]["p_best"] < 0.05 <= rows["near"]["p_best"]
    assert all(row["low"] <= row["value"] <= row["high"] for row in rows.values())
    markdown = to_markdown(tables, intervals=True)
    assert re.search(r"\| 1= \| near \| \*\d+\.\d\*<br>\d+\.\d–\d+\.\d \|", markdown)
    assert "Italic, and ranks with =: not significantly different" in markdown
    text = printed(tables, intervals=True)
    assert re.search(r"^ +1= +best +\d+\.\d +\d+\.\d *$", text, re.MULTILINE)
    assert re.search(r"^ +\d+\.\d–\d+\.\d +\d+\.\d–\d+\.\d *$", text, re.MULTILINE)
    assert "Holm correction over 3 tests" in " ".join(text.split())


def test_names_in_markdown_are_only_names() -> None:
    name = "<script>|[x](y)*`_\\"
    markdown = to_markdown(build_tables([record(name), record("other", value=0.1)]))
    assert "\\<script>\\|\\[x](y)\\*\\`\\_\\\\" in markdown


def test_the_terminal_table_shows_all_of_it() -> None:
    variant = record("a", value=0.4, variant="a[epochs=3]", synthetic=True)
    oracle = record("o", selection="test-oracle")
    tables = build_tables([variant, record("a", value=0.5, synthetic=True), record("b", value=None), oracle])
    text = " ".join(printed(tables, width=120).split())
    for part in (
        "few-shot, k = 4 (preset demo)",
        "50.0",
        "failed",
        "a[epochs=3]",
        "o (test-oracle)",
        "chosen on the test set, to reproduce published figures; not ranked with the others",
        "No mean where a dataset is missing, and so no rank: b (missing: d1)",
    ):
        assert part in text


def test_six_datasets_with_seeds_and_intervals_fit_the_terminal() -> None:
    known = {"image_auroc": [0.912, 0.999]}
    cells = [record("mvfa-official", f"bmad-{d}", s, 0.95 + s / 100, intervals=known) for d in "abcdef" for s in (0, 1)]
    text = printed(build_tables(cells), intervals=True)
    line = next(line for line in text.splitlines() if "mvfa-official" in line)
    assert line.count("95.5 ± 0.7") == 7
    assert max(map(len, text.splitlines())) <= 110


def test_other_metrics_are_shown_when_asked_for() -> None:
    tables = build_tables([record(metrics={"image_auroc": 0.8, "image_fpr95": 0.25})])
    assert "25.0" not in printed(tables)
    assert "25.0" in printed(tables, metrics=("image_fpr95",))
    assert [row["metric"] for row in json.loads(to_json(tables, ("image_fpr95",)))] == ["image_fpr95"]


def test_no_records_are_no_tables() -> None:
    assert build_tables([]) == []
    assert json.loads(to_json([])) == []
    assert to_csv([]) == "method\n"
    assert to_markdown([]) == ""


def test_the_picture_needs_nothing_from_outside() -> None:
    svg = to_svg(build_tables([record("a", value=0.5)]))
    assert "50.0" in svg
    assert set(re.findall(r"(?:href|src|url)[=(]\"?(https?:[^\"')]+)", svg)) == set()
