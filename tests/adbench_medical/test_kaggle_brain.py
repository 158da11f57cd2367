"""The brain set of Kaggle: each image once, whatever its mode, suffix and copy."""

from __future__ import annotations

import shutil
from pathlib import Path

import medicaltrees
import pytest

from adbench import SPLITS
from adbench_medical.cards import KAGGLE_BRAIN
from adbench_medical.kaggle_brain import KaggleBrainDataset


def opened(root: Path) -> KaggleBrainDataset:
    return KaggleBrainDataset(KAGGLE_BRAIN, root)


def test_each_image_is_used_once(tmp_path: Path) -> None:
    dataset = opened(medicaltrees.kaggle_brain(tmp_path))
    items = [item for split in SPLITS for item in dataset.items(split)]
    assert len({item.path for item in items}) == len(items) == 40
    assert {item.path.parent.name for item in items if item.path and item.abnormal} == {"yes"}
    assert {item.path.parent for item in items if item.path and not item.abnormal} == {tmp_path / "kaggle-brain" / "no"}
    assert {item.path.suffix for item in items if item.path} == {".jpg", ".JPG", ".png", ".jpeg"}
    assert {(item.group, item.type, item.masks) for item in items} == {(None, None, ())}
    copies = [path for path, reason in dataset.found.left_out if reason == "a copy of the images, in brain_tumor_dataset"]
    assert len(copies) == len(dataset.found.left_out) == 40


def test_every_mode_is_read(tmp_path: Path) -> None:
    dataset = opened(medicaltrees.kaggle_brain(tmp_path))
    shapes = {dataset.image(split, item).shape for split in SPLITS for item in dataset.items(split)}
    assert shapes == {(*shape, 3) for shape in medicaltrees.SHAPES}


def test_the_split_is_the_same_for_either_copy(tmp_path: Path) -> None:
    both = opened(medicaltrees.kaggle_brain(tmp_path))
    shutil.move(tmp_path / "kaggle-brain" / "brain_tumor_dataset", tmp_path / "downloads" / "brain_tumor_dataset")
    shutil.rmtree(tmp_path / "kaggle-brain")
    inner = opened(tmp_path)
    for split in SPLITS:
        assert [(item.id, item.abnormal) for item in both.items(split)] == [
            (item.id, item.abnormal) for item in inner.items(split)
        ]
    assert inner.found.folder == tmp_path / "downloads" / "brain_tumor_dataset"


def test_two_suffixes_of_one_name(tmp_path: Path) -> None:
    image = medicaltrees.normal_pictures(1, 1).images[0]
    for name in ("no/N1.jpg", "no/N1.png", "no/N2.jpg", "yes/Y1.jpg"):
        medicaltrees.write(tmp_path / "Kaggle Brain" / name, image)
    ids = sorted(item.id for split in SPLITS for item in opened(tmp_path).items(split))
    assert len(set(ids)) == 4
    assert ids[0] == "Ungood/Y1"


@pytest.mark.parametrize(("lacking", "said"), [("yes", "has no folder yes"), ("no", "has no folder no")])
def test_a_class_that_lacks_is_named(lacking: str, said: str, tmp_path: Path) -> None:
    folder = medicaltrees.kaggle_brain(tmp_path) / "kaggle-brain"
    shutil.rmtree(folder / "brain_tumor_dataset")
    shutil.rmtree(folder / lacking)
    assert opened(tmp_path).absence() == f"kaggle-brain: {folder} {said}. {KAGGLE_BRAIN.how_to_get}"
