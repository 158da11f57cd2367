"""Published figures stand beside ours only where they are figures of the same thing."""

from __future__ import annotations

import pytest

from adbench.leaderboard import build_tables
from adbench.published import beside_ours, published_figures
from adbench.results import CellRecord


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
    return beside_ours(build_tables([record(**changes)]), published_figures())


def test_every_published_figure_has_a_source_and_is_a_share() -> None:
    figures = published_figures()
    assert len(figures) == 353
    assert all(figure.source and figure.evidence and 0 < figure.value < 1 for figure in figures)
    assert len({figure.dataset for figure in figures}) == 6


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
