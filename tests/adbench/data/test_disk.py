from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from adbench.contracts.dataset import DatasetCard, Item
from adbench.data.accounting import Scan
from adbench.data.disk import DiskDataset
from adbench.data.layouts import Layout
from adbench.data.scanning import scan
from adbench.data.splits import counts, shared_subjects
from adbench.errors import UserError


class Set(DiskDataset):
    def find(self) -> Scan:
        assert self.root is not None
        return scan(self.root, Layout())


@pytest.fixture(autouse=True)
def _cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ADBENCH_CACHE", str(tmp_path / "cache"))


def write(path: Path, values: np.ndarray) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(values).save(path)
    return path


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for number, name in enumerate(("train/good/1", "test/good/2", "test/Ungood/img/3", "test/Ungood/img/4")):
        write(tmp_path / "set" / f"{name}.png", np.full((4, 6), 10 * number, np.uint8))
    write(tmp_path / "set/test/Ungood/label/3.png", np.eye(4, 6, dtype=np.uint8))
    return tmp_path / "set"


def card(**changes: object) -> DatasetCard:
    return DatasetCard(name="a", title="A", factory="x:Y", **{"has_masks": True, **changes})  # type: ignore[arg-type]


def test_images_masks_and_splits(root: Path) -> None:
    dataset = Set(card(), root)
    assert dataset.absence() is None
    third, _, second = dataset.items("test")
    assert dataset.image("test", second).shape == (4, 6, 3)
    np.testing.assert_array_equal(dataset.mask("test", third), np.eye(4, 6, dtype=bool))
    assert dataset.mask("test", second) is None
    assert dataset.items("valid") == ()


def test_a_missing_mask_names_the_image(root: Path) -> None:
    dataset = Set(card(), root)
    fourth = dataset.items("test")[1]
    with pytest.raises(UserError, match=r"no mask for the abnormal image .*4\.png"):
        dataset.mask("test", fourth)
    assert any("1 of 2 abnormal images have no mask" in warning for warning in dataset.warnings())


def test_a_set_without_masks_ignores_mask_folders(root: Path) -> None:
    dataset = Set(card(has_masks=False), root)
    assert dataset.mask("test", dataset.items("test")[0]) is None
    assert dataset.warnings() == ["valid is empty."]


def test_a_mask_of_another_size(root: Path) -> None:
    write(root / "test/Ungood/label/3.png", np.eye(5, 6, dtype=np.uint8))
    dataset = Set(card(), root)
    with pytest.raises(UserError, match=r"label/3\.png is 6 x 5 pixels, but its image is 6 x 4"):
        dataset.mask("test", dataset.items("test")[0])


def test_counts_are_compared_with_the_published(root: Path) -> None:
    assert counts(Set(card(), root))["test/abnormal"] == 2
    published = {"train/normal": 1, "test/abnormal": 9, "test": 3, "valid": 7}
    warnings = Set(card(counts=published, has_masks=False), root).warnings()
    assert warnings == ["valid is empty.", "This copy is not the published one: test/abnormal 2 instead of 9."]


def test_the_fingerprint_knows_contents_labels_and_masks(root: Path, tmp_path: Path) -> None:
    first = Set(card(), root).fingerprint()
    assert Set(card(), root.rename(tmp_path / "moved")).fingerprint() == first
    moved = tmp_path / "moved"
    seen = {first, Set(card(has_masks=False), moved).fingerprint()}
    write(moved / "test/Ungood/label/3.png", 1 - np.eye(4, 6, dtype=np.uint8))
    seen.add(Set(card(), moved).fingerprint())
    (moved / "test/good/2.png").rename(moved / "test/Ungood/img/2.png")
    seen.add(Set(card(), moved).fingerprint())
    write(moved / "train/good/1.png", np.full((4, 6), 99, np.uint8))
    seen.add(Set(card(), moved).fingerprint())
    assert len(seen) == 5


def test_absence_tells_why(tmp_path: Path) -> None:
    assert "cannot be read" in str(Set(card(), tmp_path / "none").absence())
    (tmp_path / "empty").mkdir()
    assert "no images" in str(Set(card(), tmp_path / "empty").absence())


def test_an_unreadable_image_names_itself(root: Path) -> None:
    (root / "test/good/2.png").write_bytes(b"")
    dataset = Set(card(), root)
    with pytest.raises(UserError, match=r"good/2\.png"):
        dataset.image("test", dataset.items("test")[2])


def test_items_without_a_file_are_a_programming_error(root: Path) -> None:
    with pytest.raises(ValueError, match="has no file"):
        Set(card(), root).image("test", Item("x", False))


def test_a_subject_in_two_splits_is_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    import adbench
    from adbench.data.disk import DiskDataset

    items = {"train": ["a", "b"], "valid": ["b", "c"], "test": ["d", None]}
    monkeypatch.setattr(
        DiskDataset,
        "items",
        lambda self, split: [adbench.Item(f"{split}{i}", False, group=g) for i, g in enumerate(items[split])],
    )
    card = adbench.DatasetCard(name="x", title="X", factory="x:y")
    assert shared_subjects(DiskDataset(card, None)) == {"1 subject is in both train and valid.": ["b"]}
