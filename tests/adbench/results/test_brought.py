"""Figures that plugins bring: recorded with what a reader needs, ranked by their direction, printed as their range wants."""

from __future__ import annotations

import dataclasses
import io
import json
import math
from functools import partial
from importlib.metadata import EntryPoint
from pathlib import Path

import brought
import numpy as np
import pytest
from boards import record
from command import call_command
from rich.console import Console
from toyplugin import entry_point

import adbench
from adbench import api
from adbench.contracts.metric import MetricCard, Metrics
from adbench.leaderboard.tables import build_tables
from adbench.metrics import METRICS
from adbench.planning.options import RunOptions
from adbench.registry.cards import Registry, load_registry
from adbench.registry.loading import load_plugins
from adbench.render.table import print_tables
from adbench.render.words import difference_words, figure_words, heading, spread_words
from adbench.report.build import build_report
from adbench.results.brought import brought_figures, described, known_metrics
from adbench.results.record import read_record
from adbench.results.store import RunFolder

ENTRIES = [entry_point(), EntryPoint("brought", "brought", "adbench")]
NAMES = [card.name for card in brought.adbench_metrics()]


def registry() -> Registry:
    return load_registry(load_plugins(ENTRIES))


def toy_run(out: Path, registry: Registry, datasets: str = "toy-a,toy-plain", **options) -> api.Run:
    asked = RunOptions(methods=("peak",), datasets=tuple(datasets.split(",")), out=out, device="cpu", **options)
    return api.execute_plan(api.plan(asked, registry), asked, registry)


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> api.Run:
    """A set with masks, and one without."""
    return toy_run(tmp_path_factory.mktemp("brought") / "run", registry(), keep=("maps",))


def test_a_record_holds_the_figures_and_what_they_are(measured: api.Run, tmp_path: Path) -> None:
    masked, plain = measured.records
    scores = RunFolder(measured.folder).scores(masked.id)
    assert masked.metrics["image_gap"] == brought.gap(scores.labels, scores.scores) > 1
    assert 0 < masked.metrics["pixel_overlap"] < 1
    assert list(masked.metrics) == [
        *(metric.name for metric in METRICS),
        *(n for n in NAMES if n != "pixel_overlap"),
        "pixel_overlap",
    ]
    assert "pixel_overlap" not in plain.metrics
    assert masked.metric_cards["image_gap"]["range"] == [0.0, None]
    file = tmp_path / "cell.json"
    file.write_text(masked.to_json())
    again = read_record(file)
    assert again == masked
    assert known_metrics([again])["image_gap"] == brought.GAP


@pytest.mark.parametrize(("name", "problem"), brought.FAULTY.items())
def test_a_metric_that_fails_costs_its_figure_only(measured: api.Run, name: str, problem: str) -> None:
    for cell in measured.records:
        assert (cell.status, cell.metrics[f"image_{name}"]) == ("done", None)
        assert cell.metric_cards[f"image_{name}"]["problem"] == problem
    assert RunFolder(measured.folder).scores(measured.records[0].id).scores.any()


def test_without_the_plugin_nothing_is_added(tmp_path: Path, measured: api.Run) -> None:
    bare = toy_run(tmp_path / "run", load_registry(load_plugins(ENTRIES[:1])))
    assert bare.records[0].metric_cards == {}
    assert bare.records[0].metrics == {name: value for name, value in measured.records[0].metrics.items() if name not in NAMES}
    assert bare.records[0].id == measured.records[0].id


def test_a_leaderboard_goes_by_direction_and_range_without_the_plugin() -> None:
    cards = {card.name: {**described(card), "problem": ""} for card in (brought.GAP, brought.MISSES)}
    cells = [
        record(name, metrics={"image_auroc": 0.5, "image_gap": gap, "image_misses": missed}, metric_cards=cards, seed=seed)
        for name, gap, missed in (("near", 1.25, 0.1), ("far", 2500.0, 0.4))
        for seed in (0, 1)
    ]
    (table,) = build_tables(cells)
    assert [row.method for row in table.ordered("image_gap")] == ["far", "near"]
    assert [row.method for row in table.ordered("image_misses")] == ["near", "far"]
    console = Console(record=True, width=110, file=io.StringIO())
    print_tables([table], console, ["image_gap", "image_misses"])
    text = console.export_text()
    assert "Gap of the means: few-shot, k = 4" in text
    assert "Misses (%): few-shot, k = 4" in text
    assert "2500 ± 0.000" in text
    assert "1.250 ± 0.000" in text
    assert "10.0 ± 0.0" in text


def test_words_of_figures() -> None:
    share, other = brought.MISSES, brought.GAP
    assert (heading(share), heading(other)) == ("Misses (%)", "Gap of the means")
    assert [figure_words(other, value) for value in (None, 0.0, 0.5, 12.345678, 123456.7)] == [
        "–",
        "0.000",
        "0.5000",
        "12.35",
        "123457",
    ]
    assert [figure_words(share, value) for value in (None, 0.5)] == ["–", "50.0"]
    assert (difference_words(share, -0.012), difference_words(other, 0.25)) == ("-1.2", "+0.2500")
    assert (spread_words(share, None), spread_words(share, 0.01), spread_words(other, 2.0)) == ("", "± 1.0", "± 2.000")


def test_a_report_shows_them(measured: api.Run) -> None:
    page = build_report([measured])
    assert 'data-choice="Gap of the means"' in page
    assert "Distance of the means." in page
    assert f">{figure_words(brought.GAP, measured.records[0].metrics['image_gap'])}<" in page


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], measured: api.Run):
    """The command with both plugins."""
    monkeypatch.setattr("adbench.registry.loading.entry_points", lambda group: ENTRIES)
    return partial(call_command, monkeypatch, capsys)


def test_the_command_measures_them_anew(command, measured: api.Run) -> None:
    code, out, err = command("metrics", str(measured.folder), "--format", "json", "--metric", ",".join(NAMES))
    assert code == 0
    rows = {(row["dataset"], row["metric"]): row for row in json.loads(out)}
    for cell in measured.records:
        for name in NAMES:
            if name in cell.metrics and name != "pixel_overlap":
                row = rows[cell.dataset, name]
                assert (row["value"], row["source"]) == (cell.metrics[name], "scores")
    assert rows["toy-a", "pixel_overlap"]["source"] == "maps"
    assert rows["toy-a", "pixel_overlap"]["value"] == pytest.approx(measured.records[0].metrics["pixel_overlap"], abs=1e-3)
    assert "image_raises: ZeroDivisionError: a bug in the metric" in err
    assert "figure (shares in %)" in command("metrics", str(measured.folder))[1]


def test_the_command_writes_what_records_lack_and_no_more(command, tmp_path: Path) -> None:
    bare = toy_run(tmp_path / "run", load_registry(load_plugins(ENTRIES[:1])), keep=("maps",))
    assert "2 records changed." in command("metrics", str(bare.folder), "--write")[2]
    written = api.open_run(bare.folder).records[0]
    assert written.metrics["image_gap"] > 1
    assert written.metric_cards["image_nan"]["problem"]
    assert "0 records changed." in command("metrics", str(bare.folder), "--write")[2]


def test_a_leaderboard_command_takes_their_names(command, measured: api.Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("adbench.registry.loading.entry_points", lambda group: [])
    code, out, _ = command("leaderboard", str(measured.folder), "--metric", "image_gap,image_misses")
    assert code == 0
    assert "Gap of the means: " in out
    code, _, err = command("leaderboard", str(measured.folder), "--metric", "image_gape")
    assert code == 2
    assert "image_gap" in err


@pytest.mark.parametrize(
    "facts", [None, {}, {"range": 3}, {**described(brought.GAP), "kind": "sound"}, {**described(brought.GAP), "range": [2, 1]}]
)
def test_a_description_that_makes_no_sense_is_as_none(facts: object) -> None:
    known = known_metrics([record("a", metric_cards={"image_gap": facts})])
    assert "image_gap" not in known
    assert known["image_gap"].title == "image gap"


def test_the_installed_card_counts_before_the_recorded_one() -> None:
    old = dataclasses.replace(brought.GAP, title="Old title")
    cell = record("a", metric_cards={"image_gap": described(old)})
    assert known_metrics([cell])["image_gap"].title == "Old title"
    assert known_metrics([cell], registry().metrics)["image_gap"].title == "Gap of the means"


@pytest.mark.parametrize("changes", [{"kind": "sound"}, {"range": (1.0, 0.0)}, {"range": (math.nan, 1.0)}])
def test_a_wrong_card_cannot_be_made(changes: dict) -> None:
    with pytest.raises(ValueError, match="the metric 'image_gap' has"):
        dataclasses.replace(brought.GAP, **changes)


def test_a_card_with_the_name_of_a_core_metric_raises(monkeypatch: pytest.MonkeyPatch) -> None:
    twin = dataclasses.replace(brought.GAP, name="image_auroc")
    monkeypatch.setattr(brought, "adbench_metrics", adbench.hookimpl(lambda: [twin]))
    with pytest.raises(adbench.UserError, match="'image_auroc': one from adbench-vision, one from unknown"):
        registry()


def test_kinds_are_measured_apart() -> None:
    labels = np.array([True, False])
    assert list(brought_figures([brought.GAP, brought.OVERLAP], "image", labels, np.array([2.0, 1.0])).metrics) == ["image_gap"]


def test_unknown_metrics_claim_nothing() -> None:
    card = Metrics()["pixel_thing"]
    assert isinstance(card, MetricCard)
    assert (card.kind, card.higher_is_better, card.in_percent, card.title) == ("pixel", True, False, "pixel thing")
