"""Published figures stand beside ours only where they are figures of the same thing."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

import pytest
from firstparty import first_party

from adbench import PublishedCard, UserError
from adbench.leaderboard.published import beside_ours, published_figures, published_names, read_published
from adbench.leaderboard.tables import build_tables
from adbench.results.record import CellRecord
from adbench_bmad import adbench_datasets


def record(**changes) -> CellRecord:
    defaults = {
        "id": str(changes),
        "status": "done",
        "identity": {},
        "method": "mvfa",
        "variant": "mvfa",
        "title": "MVFA",
        "dataset": "bmad-brain",
        "track": "few-shot",
        "k": 4,
        "seed": 0,
        "preset": "paper",
        "metrics": {"image_auroc": 0.9},
    }
    return CellRecord(**{**defaults, **changes})


def rows(**changes) -> list[dict]:
    tables = build_tables([record(**changes)])
    return beside_ours(tables, published_figures(first_party()), published_names(tables, first_party()))


def test_every_published_figure_has_a_source_and_is_a_share() -> None:
    figures = published_figures(first_party())
    assert len(figures) == 353
    assert all(figure.source and figure.evidence and 0 < figure.value < 1 for figure in figures)
    assert len({figure.dataset for figure in figures}) == 6


def test_every_figure_is_that_of_the_source(shared: Path) -> None:
    """Each row of the shared table is here with its value, place and evidence, under our names of tracks and sets."""
    sets = {card.list_name: card.name for card in adbench_datasets()}
    wanted = Counter()
    for row in csv.DictReader((shared / "published.csv").read_text(encoding="utf-8").splitlines()):
        place = (row["source"], row["table"], row["evidence"])
        key = (row["method"], row["track"], int(row["k"] or 0), sets[row["dataset"]], row["metric"])
        wanted[*key, float(row["value"]), *place] += 1
    found = Counter(
        (f.method, f.track, f.k, f.dataset, f.metric, round(100 * f.value, 6), f.source, f.table, f.evidence)
        for f in published_figures(first_party())
    )
    assert found == wanted
    assert found.total() == 353


def test_a_model_of_anomalib_stands_beside_the_figure_of_its_name() -> None:
    found = rows(method="anomalib:Csflow", variant="anomalib:Csflow", track="full-normal", k=0)
    assert [row["table"] for row in found] == ["repository table, newer version"]
    assert rows(method="anomalib:Fastflow", variant="anomalib:Fastflow", track="full-normal", k=0) == []


def test_another_release_of_a_method_stands_beside_its_figures() -> None:
    assert {row["table"] for row in rows(method="mvfa-official", variant="mvfa-official")} >= {"Table 1", "README"}


def test_the_method_of_an_absent_plugin_goes_by_its_own_name() -> None:
    tables = build_tables([record(method="deep-svdd", variant="deep-svdd", track="full-normal", k=0)])
    assert published_names(tables, first_party()) == {}
    assert beside_ours(tables, published_figures(first_party()))


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("method,value\nmvfa,90\n", "line 2, are not a table of method, track"),
        ("source,table,method,track,k,dataset,metric,value,evidence\na,b,c,d,0,e,f,much,g\n", "could not convert string"),
        (None, "cannot be read: No such file"),
    ],
)
def test_a_broken_source_is_named(tmp_path: Path, content: str | None, reason: str) -> None:
    file = tmp_path / "broken.csv"
    if content is not None:
        file.write_text(content)
    with pytest.raises(UserError, match=reason) as raised:
        read_published(PublishedCard(name="broken", file=file), first_party().metrics)
    assert str(file) in str(raised.value)


def test_the_same_method_track_k_and_preset_match() -> None:
    found = rows()
    assert {row["table"] for row in found} >= {"Table 1", "README"}
    for row in found:
        assert row["difference"] == pytest.approx(0.9 - row["published"])


@pytest.mark.parametrize(
    "change",
    [
        {"preset": "demo"},
        {"k": 3},
        {"track": "few-normal"},
        {"variant": "mvfa[epochs=3]"},
        {"dataset": "phantom-brain"},
        {"method": "other", "variant": "other"},
        {"identity": {"protocol": {"limit": 5}}},
    ],
)
def test_nothing_else_matches(change: dict) -> None:
    assert rows(**change) == []
