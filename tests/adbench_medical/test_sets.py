"""Cards, conformance, suites and a run, on phantom trees of all sets."""

from __future__ import annotations

from pathlib import Path

import medicaltrees
import pytest
from command import call_command
from firstparty import first_party, first_party_entries
from toyplugin import entry_point

from adbench import api
from adbench.data.splits import counts
from adbench.planning.options import RunOptions
from adbench.registry.cards import load_registry
from adbench.registry.factories import load_factory
from adbench.registry.loading import load_plugins
from adbench.testing import check_dataset
from adbench_medical import adbench_datasets

CARDS = {card.name: card for card in adbench_datasets()}
SUITES = ("medianomaly", "kaggle-brain", "busi")


def test_cards_are_complete() -> None:
    assert list(CARDS) == list(medicaltrees.TREES)
    for card in CARDS.values():
        assert card.citation
        assert card.licence
        assert card.url
        assert card.modality
        assert card.how_to_get.endswith(".")
        assert card.class_name != "object"
    assert [name for name, card in CARDS.items() if card.has_masks] == ["medianomaly-brats2021", "busi"]
    assert [name for name, card in CARDS.items() if "split is adbench's own" in card.citation] == ["kaggle-brain", "busi"]
    assert "there twice" in CARDS["busi"].how_to_get
    counted = {
        "medianomaly-rsna": 5851,
        "medianomaly-vincxr": 6000,
        "medianomaly-isic2018": 8217,
        "kaggle-brain": 253,
        "busi": 780,
    }
    assert {name: sum(card.counts.values()) for name, card in CARDS.items() if card.counts} == counted


@pytest.mark.parametrize("name", list(CARDS))
@pytest.mark.slow
def test_the_set_passes_every_check(name: str, tmp_path: Path) -> None:
    results = check_dataset(name, data_root=medicaltrees.TREES[name](tmp_path), registry=first_party())
    assert [f"{result.check}: {result.reason}" for result in results if result.status == "failed"] == []
    assert any(result.status == "passed" for result in results)


@pytest.mark.parametrize("name", list(CARDS))
def test_every_file_is_accounted_for(name: str, tmp_path: Path) -> None:
    dataset = load_factory(CARDS[name].factory, name)(CARDS[name], medicaltrees.TREES[name](tmp_path))
    scan = dataset.found
    files = {path for path in scan.folder.rglob("*") if path.is_file()}
    used = [path for items in scan.items.values() for item in items for path in (item.path, *item.masks)]
    assert sorted([*used, *(path for path, _ in scan.left_out)]) == sorted(files)
    assert dataset.problems() == []


@pytest.mark.parametrize("name", list(CARDS))
def test_absence_says_how_to_get_the_set(name: str, tmp_path: Path) -> None:
    card = CARDS[name]
    make = load_factory(card.factory, name)
    (tmp_path / "others").mkdir()
    for root, said in ((None, "--data-root"), (tmp_path / "none", "is not a folder"), (tmp_path, "no folder in")):
        reason = make(card, root).absence()
        assert said in reason
        assert reason.endswith(card.how_to_get)


@pytest.mark.parametrize(("name", "found"), [("kaggle-brain", [10, 3, 4, 7, 16]), ("busi", [12, 3, 4, 9, 20])])
def test_the_own_split(name: str, found: list[int], tmp_path: Path) -> None:
    card = CARDS[name]
    dataset = load_factory(card.factory, name)(card, medicaltrees.TREES[name](tmp_path))
    assert [counts(dataset)[key] for key in card.counts] == found
    assert f"train/normal {found[0]} instead of {card.counts['train/normal']}" in " ".join(dataset.warnings())


@pytest.mark.parametrize("name", ["medianomaly-rsna", "medianomaly-brats2021", "medianomaly-camelyon16"])
def test_a_set_without_valid_says_so(name: str, tmp_path: Path) -> None:
    dataset = load_factory(CARDS[name].factory, name)(CARDS[name], medicaltrees.medianomaly(tmp_path))
    assert dataset.items("valid") == ()
    assert "valid is empty." in dataset.warnings()


@pytest.mark.parametrize("suite", SUITES)
def test_a_suite_plans_on_its_set(suite: str, tmp_path: Path) -> None:
    for tree in set(medicaltrees.TREES.values()):
        tree(tmp_path)
    planned = api.plan(RunOptions(suite=suite, data_root=tmp_path), first_party())
    assert {cell.dataset.name for cell in planned.cells} == {name for name in CARDS if name.startswith(suite)}
    assert planned.skipped == []
    assert planned.absent == []


def test_suites_are_listed_and_dry_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("adbench.registry.loading.entry_points", lambda group: first_party_entries())
    code, out, _ = call_command(monkeypatch, capsys, "suites")
    assert code == 0
    assert all(suite in out for suite in SUITES)
    root = medicaltrees.busi(tmp_path / "root")
    code, out, _ = call_command(monkeypatch, capsys, "run", "--suite", "busi", "--data-root", str(root), "--dry-run")
    assert code == 0
    assert "bgad" in out


def test_a_run_on_busi(tmp_path: Path) -> None:
    registry = load_registry(load_plugins([entry_point(), *(e for e in first_party_entries() if e.name == "adbench_medical")]))
    options = RunOptions(
        methods=("peak",), datasets=("busi",), track=("full-normal", "few-normal", "few-shot"), shots=(2,), device="cpu",
        data_root=medicaltrees.busi(tmp_path / "root"), out=tmp_path / "run",
    )  # fmt: skip
    records = api.execute_plan(api.plan(options, registry), options, registry).records
    assert [(record.track, record.status) for record in records] == [
        ("full-normal", "done"), ("few-normal", "done"), ("few-shot", "done"),
    ]  # fmt: skip
    for record in records:
        assert {"image_auroc", "pixel_auroc"} <= record.metrics.keys()


def test_few_normal_draws_from_train_where_there_is_no_valid(tmp_path: Path) -> None:
    registry = load_registry(load_plugins([entry_point(), *(e for e in first_party_entries() if e.name == "adbench_medical")]))
    options = RunOptions(
        methods=("peak",), datasets=("medianomaly-lag",), track=("few-normal", "few-shot"), shots=(2,), device="cpu",
        data_root=medicaltrees.medianomaly(tmp_path / "root"), out=tmp_path / "run",
    )  # fmt: skip
    normal, shot = api.execute_plan(api.plan(options, registry), options, registry).records
    assert (normal.track, normal.status) == ("few-normal", "done")
    assert (shot.track, shot.status) == ("few-shot", "failed")
    assert "needs 2 normal and 2 abnormal images in `train` of medianomaly-lag" in str(shot.error)
