from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from adbench_folder import CARD, MANIFEST, adbench_datasets
from adbench_folder.dataset import FolderDataset


def folder(path: Path) -> FolderDataset:
    return FolderDataset(replace(CARD, name=f"folder:{path}", argument=str(path)), None)


def write(root: Path, *files: str) -> None:
    for file in files:
        (root / file).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.eye(4, dtype=np.uint8) * 255).save(root / file)


MVTEC = (
    "train/good/000.png", "test/good/000.png", "test/scratch/000.png", "test/dent/000.png",
    "ground_truth/scratch/000_mask.png", "ground_truth/dent/000_mask.png",
)  # fmt: skip


def test_card() -> None:
    assert adbench_datasets() == (CARD, MANIFEST)
    assert CARD.name == "folder:"


def test_mvtec(tmp_path: Path) -> None:
    write(tmp_path / "metal_nut", *MVTEC)
    dataset = folder(tmp_path / "metal_nut")
    assert dataset.absence() is None
    assert dataset.card.has_masks
    assert dataset.card.class_name == "metal nut"
    assert dataset.card.name == f"folder:{tmp_path / 'metal_nut'}"
    assert [item.id for item in dataset.items("test")] == ["dent/000", "good/000", "scratch/000"]
    assert [item.id for item in dataset.items("train")] == ["good/000"]
    assert dataset.items("valid") == ()
    mask = dataset.mask("test", dataset.items("test")[0])
    assert mask is not None
    assert mask.sum() == 4


def test_mvtec_without_masks(tmp_path: Path) -> None:
    write(tmp_path, *MVTEC[:4])
    dataset = folder(tmp_path)
    assert not dataset.card.has_masks
    assert [item.abnormal for item in dataset.items("test")] == [True, False, True]


def test_bmad(tmp_path: Path) -> None:
    write(
        tmp_path / "Brain_AD", "valid/good/img/a.png", "test/img/good/b.png", "test/img/Ungood/c.png", "test/label/Ungood/c.png"
    )
    dataset = folder(tmp_path / "Brain_AD")
    assert dataset.card.class_name == "Brain"
    assert [item.id for item in dataset.items("test")] == ["Ungood/c", "good/b"]
    assert [item.id for item in dataset.items("valid")] == ["good/a"]
    assert dataset.mask("test", dataset.items("test")[0]) is not None


def test_only_normals(tmp_path: Path) -> None:
    write(tmp_path, "train/good/a.png")
    assert folder(tmp_path).absence() is None


def test_several_categories_are_listed(tmp_path: Path) -> None:
    for name in ("bottle", "cable"):
        write(tmp_path / name, *MVTEC)
    absence = str(folder(tmp_path).absence())
    assert "bottle, cable" in absence
    assert f"folder:{tmp_path / 'bottle'}" in absence


def test_a_single_category_below_is_taken(tmp_path: Path) -> None:
    write(tmp_path / "bottle", *MVTEC)
    assert [item.id for item in folder(tmp_path).items("test")] == ["dent/000", "good/000", "scratch/000"]


def test_nothing_there(tmp_path: Path) -> None:
    assert "is not a folder" in str(folder(tmp_path / "none").absence())
    assert "no images" in str(folder(tmp_path).absence())
    write(tmp_path, "picture.png")
    assert "such as MVTec's" in str(folder(tmp_path).absence())


def test_a_trailing_slash_and_a_home_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "bottle", *MVTEC)
    monkeypatch.setenv("HOME", str(tmp_path))
    dataset = FolderDataset(replace(CARD, argument="~/bottle/"), None)
    assert dataset.absence() is None
    assert dataset.card.class_name == "bottle"
