"""Comparisons as Markdown, JSON and JUnit XML."""

from __future__ import annotations

import json
from xml.etree import ElementTree

from adbench.regression.verdicts import Comparison
from adbench.render.comparison import cells_of, sentence, summary, to_json, to_junit, to_markdown

FIGURES = {"metric": "image_auroc", "before": 0.9, "after": 0.8, "low": -0.15, "high": -0.05, "visible": 0.04}
ROWS = [
    Comparison(label="fine", **{**FIGURES, "after": 0.9, "low": 0.0, "high": 0.0}, verdict="same"),
    Comparison(label="a|b<c>", **FIGURES, verdict="worse"),
    Comparison(label="gone", metric="image_auroc", before=0.9, verdict="incomparable", reason="the run does not have this cell"),
    Comparison(label="fresh", metric="image_auroc", after=0.7, verdict="new", reason="the baseline does not have this cell"),
]


def test_a_row_of_words() -> None:
    shown = cells_of(ROWS[1])
    assert shown == ("a|b<c>", "Image AUROC", "90.0", "80.0", "-10.0", "-15.0 to -5.0", "4.0", "worse")
    assert sentence(ROWS[1]) == "a|b<c>: worse, Image AUROC 90.0 -> 80.0 (difference -15.0 to -5.0)"
    assert sentence(ROWS[2]) == "gone: incomparable: the run does not have this cell"


def test_what_needs_a_look_comes_first_and_the_rest_is_folded_away() -> None:
    markdown = to_markdown(ROWS)
    assert markdown.startswith("**AUROC (%): 1 worse, 1 incomparable, 1 new, 1 same**")
    places = [markdown.index(word) for word in ("a\\|b\\<c>", "gone", "fresh", "<details>", "fine")]
    assert places == sorted(places)
    assert to_markdown([]).startswith("**AUROC (%): nothing was compared**")
    assert "<details>" not in to_markdown(ROWS[1:])


def test_json_has_every_row_at_full_precision() -> None:
    rows = json.loads(to_json(ROWS))
    assert [row["verdict"] for row in rows] == ["same", "worse", "incomparable", "new"]
    assert rows[1]["difference"] == 0.8 - 0.9
    assert rows[2]["difference"] is None


def test_junit_tells_failures_from_errors() -> None:
    suite = ElementTree.fromstring(to_junit(ROWS))
    assert [suite.get(name) for name in ("tests", "failures", "errors", "skipped")] == ["4", "1", "1", "1"]
    cases = {case.get("name"): case for case in suite}
    assert "90.0 -> 80.0" in cases["a|b<c>"].find("failure").get("message")
    assert cases["gone"].find("error") is not None
    assert len(cases["fine"]) == 0


def test_junit_of_nothing_is_no_success() -> None:
    for rows in ([], [ROWS[3]]):
        suite = ElementTree.fromstring(to_junit(rows))
        assert suite.get("errors") == "1"
    assert summary([]) == "nothing was compared"
