"""Images and masks are opened: what is wrong with one is told, and what nobody uses is left alone."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from faultydatasets import FairSet, card
from PIL import Image
from setfiles import cut, invert, make_set, write

import adbench
from adbench.contracts.dataset import SPLITS, Dataset, Split
from adbench.data.opening import Opened, key_of, open_images
from adbench.data.pixelstore import Entry
from adbench.registry.cards import load_registry
from adbench_folder.dataset import FolderDataset


def folder(path: Path, made: type[FolderDataset] = FolderDataset) -> FolderDataset:
    return made(replace(load_registry().dataset(f"folder:{path}"), name="made"), None)


def all_entries(dataset: Dataset, splits: tuple[Split, ...] = SPLITS) -> list[Entry]:
    return [Entry(dataset, split, item) for split in splits for item in dataset.items(split)]


def no_image(root: Path) -> Path:
    file = root / "test/good/001.png"
    file.write_text("an error page")
    return file


def empty_file(root: Path) -> Path:
    file = root / "test/lesion/002.png"
    file.write_bytes(b"")
    return file


def cut_image(root: Path) -> Path:
    return cut(root / "test/lesion/003.png")


def cut_jpeg(root: Path) -> Path:
    file = root / "test/good/004.png"
    Image.open(file).save(file, format="JPEG")
    return cut(file)


def cut_mask(root: Path) -> Path:
    return cut(root / "ground_truth/lesion/000_mask.png")


def small_mask(root: Path) -> Path:
    return write(root / "ground_truth/lesion/004_mask.png", np.ones((3, 4), bool))


def grey_mask(root: Path) -> Path:
    file = root / "ground_truth/lesion/001_mask.png"
    return write(file, np.arange(1024, dtype=np.uint8).reshape(32, 32))


@pytest.mark.parametrize("spoil", [no_image, empty_file, cut_image, cut_jpeg, cut_mask, small_mask, grey_mask])
def test_what_cannot_be_used_is_named(tmp_path: Path, spoil: Any) -> None:
    root = make_set(tmp_path / "set")
    assert open_images(all_entries(folder(root))) == Opened({}, [])
    file = spoil(root)
    opened = open_images(all_entries(folder(root)))
    (((name, split, identity), sentence),) = opened.faults.items()
    assert (name, split, identity.rpartition("/")[2]) == ("made", "test", file.name[:3])
    assert str(file) in sentence
    assert sentence.endswith(".")
    # Who uses other images only is not concerned.
    assert open_images(all_entries(folder(root), ("train",))).faults == {}
    assert opened.of(all_entries(folder(root), ("train",))) == ""
    assert opened.of(all_entries(folder(root))) == sentence


def test_several_faults_are_counted(tmp_path: Path) -> None:
    root = make_set(tmp_path / "set")
    for spoil in (cut_image, cut_mask, no_image):
        spoil(root)
    said = open_images(all_entries(folder(root))).of([*all_entries(folder(root)), *all_entries(folder(root))])
    assert said.endswith("2 more of its images or masks cannot be used.")
    assert "001.png" in said


def test_each_file_is_opened_once_with_progress(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root, opened, told = make_set(tmp_path / "set"), [], []

    def progress(found: Collection[Any], description: str) -> Collection[Any]:
        told.append((description, len(found)))
        return found

    monkeypatch.setattr("adbench.data.opening.check_whole", opened.append)
    entries = all_entries(folder(root))
    slices = [Entry(e.dataset, e.split, replace(e.item, id=f"{e.item.id}:{f}", frame=f)) for e in entries for f in (0, 1)]
    open_images([*entries, *entries, *slices], progress)
    assert sorted(opened) == sorted(file for split in ("train", "test") for file in (root / split).rglob("*.png"))
    assert told == [("opening images", 16), ("opening masks", 15)]


class Foreign(FairSet):
    """Images from elsewhere, of which one has a mask that cannot be read."""

    def image(self, split: Split, item: adbench.Item) -> np.ndarray:
        pytest.fail("images from elsewhere may be slow: they are not asked for")

    def mask(self, split: Split, item: adbench.Item) -> np.ndarray | None:
        if item.id == "Ungood/03":
            raise RuntimeError("a bug in the plugin")
        return super().mask(split, item)


def test_of_sets_from_elsewhere_only_masks_are_read() -> None:
    opened = open_images(all_entries(Foreign(card(synthetic=False), None), ("test",)))
    assert opened.faults == {
        ("fair-set", "test", "Ungood/03"): (
            "The mask of test/Ungood/03 of fair-set cannot be read: RuntimeError: a bug in the plugin."
        )
    }


class Unmarked(FairSet):
    """A mask that nobody made."""

    def mask(self, split: Split, item: adbench.Item) -> np.ndarray | None:
        return None if item.id == "Ungood/02" else super().mask(split, item)


def test_a_mask_that_lacks_is_a_sentence_with_the_set() -> None:
    opened = open_images(all_entries(Unmarked(card(synthetic=False), None), ("test",)))
    assert list(opened.faults.values()) == ["fair-set: the abnormal image test/Ungood/02 has no mask."]


def test_what_a_program_makes_is_taken_as_it_is() -> None:
    assert open_images(all_entries(Foreign(card(synthetic=True), None))).faults == {}


class OwnFiles(FolderDataset):
    """Files of a kind that only this plugin reads."""

    def image(self, split: Split, item: adbench.Item) -> np.ndarray:
        return np.zeros((32, 32, 3), np.uint8)


def test_files_that_a_plugin_reads_itself_are_left_to_it(tmp_path: Path) -> None:
    root = make_set(tmp_path / "set")
    no_image(root)
    dataset = folder(root, OwnFiles)
    assert open_images(all_entries(dataset, ("train",))).faults == {}
    assert [key for key in open_images(all_entries(dataset)).faults if key[2].startswith("good")] == []


@pytest.mark.parametrize(("inverted", "said"), [(5, True), (3, True), (2, False), (0, False)])
def test_inverted_masks_are_noticed(tmp_path: Path, inverted: int, said: bool) -> None:
    root = make_set(tmp_path / "set")
    for number in range(inverted):
        invert(root / f"ground_truth/lesion/{number:03d}_mask.png")
    opened = open_images(all_entries(folder(root)))
    assert opened.faults == {}
    assert [warning.startswith("made: in test most masks mark more than half") for warning in opened.warnings] == [True] * said


def test_empty_masks_are_noticed(tmp_path: Path) -> None:
    root = make_set(tmp_path / "set")
    for number in (1, 3):
        file = root / f"ground_truth/lesion/{number:03d}_mask.png"
        write(file, np.zeros_like(np.asarray(Image.open(file))))
    (warning,) = open_images(all_entries(folder(root))).warnings
    assert warning.startswith("made: 2 of 5 masks in test mark no pixel, first that of lesion/001:")


def test_keys_tell_sets_and_splits_apart() -> None:
    dataset = FairSet(card(), None)
    assert len({key_of(entry) for entry in all_entries(dataset)}) == len(all_entries(dataset))
