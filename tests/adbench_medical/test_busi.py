"""BUSI: images and masks side by side, several masks of one image, and black masks of normal ones."""

from __future__ import annotations

import shutil
from pathlib import Path

import medicaltrees
import pytest

from adbench import SPLITS, Item
from adbench.data.verify import verify
from adbench_medical.busi import BusiDataset
from adbench_medical.cards import BUSI


def opened(root: Path) -> BusiDataset:
    return BusiDataset(BUSI, root)


def items(dataset: BusiDataset) -> dict[str, Item]:
    return {item.id: item for split in SPLITS for item in dataset.items(split)}


def test_images_types_and_masks(tmp_path: Path) -> None:
    dataset = opened(medicaltrees.busi(tmp_path))
    found = items(dataset)
    assert len(found) == 48
    assert {(item.id.partition("/")[0], item.abnormal, item.type) for item in found.values()} == {
        ("good", False, None),
        ("benign", True, "benign"),
        ("malignant", True, "malignant"),
    }
    assert [mask.name for mask in found["malignant/malignant (3)"].masks] == ["malignant (3)_mask.png"]
    assert [mask.name for mask in found["benign/benign (2)"].masks] == [
        "benign (2)_mask.png", "benign (2)_mask_1.png", "benign (2)_mask_2.png",
    ]  # fmt: skip
    assert found["good/normal (1)"].masks == ()
    reasons = {path.name: reason for path, reason in dataset.found.left_out}
    assert reasons == {f"normal ({i})_mask.png": "a mask of a normal image, which is black" for i in range(1, 25)}


def test_several_masks_are_joined(tmp_path: Path) -> None:
    dataset = opened(medicaltrees.busi(tmp_path))
    item = items(dataset)["benign/benign (2)"]
    joined = dataset.mask("test", item)
    assert joined is not None
    assert joined[0, 0]
    assert joined[1, 1]
    assert joined.sum() > 4


def test_the_split_by_hand(tmp_path: Path) -> None:
    """By `sha256sum` of the names: 021b (1), 08a0 (5), 2086 (7), a46a (8) | c016 (2) | d0f4 (3), ee76 (6), ef03 (4) are normal;
    1f5f malignant (2), 3168 benign (2), 4657 benign (3) come first of 16 abnormal ones."""
    image = medicaltrees.normal_pictures(1, 1).images[0]
    for kind in ("normal", "benign", "malignant"):
        for number in range(1, 9):
            medicaltrees.write(tmp_path / "BUSI" / kind / f"{kind} ({number}).png", image)
    dataset = opened(tmp_path)
    assert [item.id for item in dataset.items("train")] == [f"good/normal ({i})" for i in (1, 5, 7, 8)]
    assert [item.id for item in dataset.items("valid")] == [
        "benign/benign (2)", "benign/benign (3)", "good/normal (2)", "malignant/malignant (2)",
    ]  # fmt: skip
    assert [item.id for item in dataset.items("test") if not item.abnormal] == [f"good/normal ({i})" for i in (3, 4, 6)]


def test_masks_that_do_not_fit(tmp_path: Path) -> None:
    folder = medicaltrees.busi(tmp_path) / "Dataset_BUSI_with_GT"
    (folder / "benign" / "benign (1)_mask.png").rename(folder / "benign" / "benign (90)_mask.png")
    (folder / "normal" / "normal (90)_mask.png").write_bytes((folder / "normal" / "normal (1)_mask.png").read_bytes())
    (folder / "more").mkdir()
    (folder / "more" / "x.png").write_bytes((folder / "normal" / "normal (1).png").read_bytes())
    dataset = opened(tmp_path)
    reasons = {path.name: reason for path, reason in dataset.found.left_out if "black" not in reason}
    assert reasons == {
        "benign (90)_mask.png": "a mask of no image",
        "normal (90)_mask.png": "a mask of no image",
        "x.png": "Dataset_BUSI_with_GT gives it no split and label",
    }
    said = " ".join(dataset.problems())
    assert "benign (1).png has no mask" in said
    assert "The masks normal/normal (90)_mask.png, and 1 more, belong to no image: rename or remove them." in said


def test_an_image_in_two_classes_is_reported(tmp_path: Path) -> None:
    folder = medicaltrees.busi(tmp_path) / "Dataset_BUSI_with_GT"
    assert not {"copies-in-test", "labels-differ"} & {finding.check for finding in verify(opened(tmp_path)).findings}
    shutil.copy(folder / "normal" / "normal (3).png", folder / "benign" / "benign (3).png")
    assert "labels-differ" in {finding.check for finding in verify(opened(tmp_path)).findings}


@pytest.mark.parametrize("lacking", ["normal", "benign", "malignant"])
def test_a_class_that_lacks_is_named(lacking: str, tmp_path: Path) -> None:
    folder = medicaltrees.busi(tmp_path) / "Dataset_BUSI_with_GT"
    shutil.rmtree(folder / lacking)
    assert opened(tmp_path).absence() == f"busi: {folder} has no folder {lacking}. {BUSI.how_to_get}"
