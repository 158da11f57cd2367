"""What stands under a table."""

from __future__ import annotations

from boards import record

from adbench.leaderboard.tables import build_tables
from adbench.render.notes import Emphasis, footnotes

EMPHASIS = Emphasis("bold", "underlined")


def notes(records, **options) -> str:
    return " ".join(footnotes(build_tables(records, **options)[0], emphasis=EMPHASIS, intervals=True))


def test_seeds_and_sampling_are_told_apart() -> None:
    assert "One seed" in notes([record()])
    several = notes([record(seed=0), record(seed=1)])
    assert "over 2 seeds: the effect of another draw of the support and another training" in several
    assert "what another sample of test images" in several
    assert "they leave out the spread over seeds" in several
    assert "over 1 to 2 seeds" in notes([record(seed=0), record(seed=1), record("b")])


def test_few_datasets_are_warned_of() -> None:
    few = [record(m, f"d{d}", value=0.5 + d / 20 + (m == "a") / 10) for d in range(6) for m in "ab"]
    assert "Mean ranks in Image AUROC (%) over 6 datasets: a 1.00, b 2.00." in notes(few)
    assert "Few datasets: only large and consistent differences can show." in notes(few)
    many = [record(m, f"d{d:02d}", value=0.5 + d / 40 + (m == "a") / 10) for d in range(12) for m in "ab"]
    assert "Few datasets" not in notes(many)


def test_missing_datasets_are_named_by_row() -> None:
    assert "b (missing: d2)" in notes([record("a"), record("a", "d2"), record("b")])


def test_a_failed_seed_behind_a_figure_is_named() -> None:
    records = [record("a", seed=0), record("a", seed=1, value=None), record("b", value=None), record("b", "d2")]
    assert "Failed, so not in their figures: a on d1 (1 seed)." in notes(records)
    assert "they failed" not in notes([record("a"), record("b", value=None)])


def test_two_copies_of_a_dataset_are_pointed_out() -> None:
    copy = {"identity": {"fingerprint": "other"}}
    says = "Cells saw different copies of d2: their figures cannot be compared, and were not tested against each other."
    assert says in notes([record(), record("a", "d2"), record("b"), record("b", "d2", **copy)])
    assert "different copies" not in notes([record(), record("b"), record("b", "d2", **copy), record("b", seed=1, value=None)])


def test_marks_are_explained_as_they_are_ranked() -> None:
    marked = [record(), record("t", transductive=True), record("o", selection="test-oracle")]
    assert "transductive: scores depend on the rest of the test set; not ranked with the others." in notes(marked)
    assert notes(marked, rank_marked=True).count("ranked with the others as asked") == 2


def test_figures_without_scores_have_no_test() -> None:
    assert "its lead was not tested in Image AUROC (%)" in notes([record(), record("b", value=0.7)])
    assert "best" not in notes([record()])


def timm(version: str, **changes):
    """A cell measured with this version of timm, which decides its scores."""
    return record(identity={"packages": {"timm": version}}, **changes)


def test_several_versions_behind_a_row_are_named() -> None:
    several = [
        timm("1.0.20", seed=1, started="2026-01-02"),
        timm("1.0.9", seed=0, started="2026-01-01"),
        timm("2", method="b"),
    ]
    said = "Measured with several versions of a package that decides the scores: a with timm 1.0.9 and 1.0.20. Figures may differ"
    assert said in notes(several)
    assert "versions" not in notes([timm("2"), timm("2", seed=1), timm("3", method="b")])
    assert "version" not in notes([timm("2"), timm("3", seed=1, value=None)]), "a failed cell has no figure"


def test_a_cell_measured_anew_with_another_version_is_named() -> None:
    older = timm("1.0.9", started="2026-01-01", id="1")
    newer = timm("1.0.20", started="2026-01-02", id="2")
    assert (
        "Measured again with another version of a package that decides the scores: a with timm 1.0.20, before with 1.0.9. "
        "Only the newer cells count."
    ) in notes([newer, older])
    assert "version" not in notes([timm("1.0.20", started="2026-01-01", id="1"), newer])


def test_a_record_without_packages_tells_by_its_environment() -> None:
    old = record(started="2026-01-01", seed=1, environment={"packages": {"timm": "1.0.9"}})
    assert "a with timm 1.0.9 and 1.0.20." in notes([old, timm("1.0.20", started="2026-01-02")])
    assert "version" not in notes([record(seed=1, environment={}), timm("1.0.20")])
