from __future__ import annotations

from pathlib import Path

import pytest

from adbench.data.splits import counts
from adbench.errors import UserError
from adbench_bmad import CARDS, adbench_datasets
from adbench_bmad.dataset import BmadDataset

BY_NAME = {card.name: card for card in CARDS}


@pytest.fixture(autouse=True)
def _cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ADBENCH_CACHE", str(tmp_path / "cache"))


def touch(root: Path, *files: str) -> None:
    for file in files:
        (root / file).parent.mkdir(parents=True, exist_ok=True)
        (root / file).touch()


def test_cards_are_complete() -> None:
    assert [card.name for card in adbench_datasets()] == [
        "bmad-brain", "bmad-liver", "bmad-resc", "bmad-oct17", "bmad-chest", "bmad-his",
    ]  # fmt: skip
    for card in CARDS:
        assert card.groups == ("bmad",)
        assert not card.synthetic
        assert card.url in card.how_to_get
        assert "CC BY-NC-SA 4.0" in card.how_to_get
        assert card.licence
        assert card.citation
        assert card.modality
        assert sum(card.counts.values()) > 2000
    assert [card.name for card in CARDS if card.has_masks] == ["bmad-brain", "bmad-liver", "bmad-resc"]


@pytest.mark.parametrize("where", ["Liver_AD", "Liver/Train/hist_DIY", "BMAD/Liver_AD/hist_DIY", "bmad/hist_DIY", "liver-ad"])
def test_the_set_is_found_in_the_root_or_one_level_deeper(tmp_path: Path, where: str) -> None:
    touch(tmp_path, f"{where}/test/img/good/4_1.png", f"{where}/test/img/Ungood/5_2.png", f"{where}/test/label/Ungood/5_2.png")
    dataset = BmadDataset(BY_NAME["bmad-liver"], tmp_path)
    assert dataset.absence() is None
    assert [(item.id, item.group) for item in dataset.items("test")] == [("Ungood/5_2", "5"), ("good/4_1", "4")]
    assert BmadDataset(BY_NAME["bmad-brain"], tmp_path).absence() is not None


def test_the_sets_of_medianomaly_are_none_of_bmad(tmp_path: Path) -> None:
    touch(tmp_path, "MedIAnomaly-Data/Camelyon16/test/good/1.png", "MedIAnomaly-Data/BraTS2021/test/normal/1.png")
    for root in (tmp_path, tmp_path / "MedIAnomaly-Data"):
        for name in ("bmad-his", "bmad-brain"):
            assert "no folder in" in str(BmadDataset(BY_NAME[name], root).absence())
    touch(tmp_path, "BMAD/Camelyon16/test/good/1.png")
    assert BmadDataset(BY_NAME["bmad-his"], tmp_path).absence() is None


def test_the_root_may_be_the_set_itself(tmp_path: Path) -> None:
    touch(tmp_path, "Chest_AD/test/good/img/a.png")
    assert BmadDataset(BY_NAME["bmad-chest"], tmp_path / "Chest_AD").absence() is None


def test_mvfas_copy_has_no_train(tmp_path: Path) -> None:
    touch(tmp_path, "Retina_OCT2017_AD/test/good/img/NORMAL-1-1.jpeg", "Retina_OCT2017_AD/test/Ungood/img/DME-2-1.jpeg")
    dataset = BmadDataset(BY_NAME["bmad-oct17"], tmp_path)
    assert dataset.items("train") == ()
    assert dataset.warnings()[:2] == ["train is empty.", "valid is empty."]
    assert "test/normal 1 instead of 242" in dataset.warnings()[2]


def test_an_empty_folder_gives_way_to_a_full_one(tmp_path: Path) -> None:
    (tmp_path / "RESC" / "test").mkdir(parents=True)
    touch(tmp_path, "copy/RESC/test/good/1_2.png")
    assert BmadDataset(BY_NAME["bmad-resc"], tmp_path).absence() is None


def test_absence_names_folders_and_the_way_to_get_the_set(tmp_path: Path) -> None:
    card = BY_NAME["bmad-his"]
    missing = str(BmadDataset(card, tmp_path).absence())
    for part in (str(tmp_path), "camelyon16_256", "histopathology", card.url, "CC BY-NC-SA 4.0"):
        assert part in missing
    assert "--data-root" in str(BmadDataset(card, None).absence())
    assert "is not a folder" in str(BmadDataset(card, tmp_path / "none").absence())
    touch(tmp_path, "Histopathology/pictures/a.png")
    assert "1 file in pictures" in str(BmadDataset(card, tmp_path).absence())


def test_two_copies_are_refused(tmp_path: Path) -> None:
    touch(tmp_path, "Brain/test/good/1_1.png", "Brain_AD/test/good/1_1.png")
    dataset = BmadDataset(BY_NAME["bmad-brain"], tmp_path)
    assert "Both" in str(dataset.absence())
    with pytest.raises(UserError, match="remove or rename one"):
        dataset.items("test")


def test_the_shared_sets(shared: Path) -> None:
    root = shared / "data"
    present = {card.name for card in CARDS if BmadDataset(card, root).absence() is None}
    assert present == {"bmad-brain", "bmad-chest", "bmad-his"}
    brain = BmadDataset(BY_NAME["bmad-brain"], root)
    found = counts(brain)
    assert (found["train"], found["valid/abnormal"], found["test/normal"], found["test/abnormal"]) == (120, 12, 60, 60)
    item = next(item for item in brain.items("test") if item.abnormal)
    mask = brain.mask("test", item)
    assert mask is not None
    assert mask.shape == brain.image("test", item).shape[:2] == (256, 256)
    assert 0 < mask.mean() < 0.5
    subjects = {split: {item.group for item in brain.items(split)} for split in ("train", "valid", "test")}
    assert not subjects["train"] & subjects["test"]
    assert not subjects["valid"] & subjects["test"]
    assert len(brain.fingerprint()) == 64
