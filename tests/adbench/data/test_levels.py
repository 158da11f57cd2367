from __future__ import annotations

from pathlib import Path

import nibabel
import numpy as np
import pytest
from PIL import Image

from adbench.contracts.dataset import DatasetCard, Item, Reading, Split
from adbench.data.accounting import Scan
from adbench.data.disk import DiskDataset
from adbench.data.layouts import Layout
from adbench.data.levels import Picture, levels_in_use
from adbench.data.scanning import scan
from adbench.errors import UserError
from adbench.files import raster


class Set(DiskDataset):
    def find(self) -> Scan:
        assert self.root is not None
        return scan(self.root, Layout())


class Listed(DiskDataset):
    """A set of items that are made by hand."""

    def __init__(self, reading: Reading = Reading(), **items: list[Item]) -> None:
        super().__init__(card(reading), None)
        self._items: dict[Split, tuple[Item, ...]] = {split: tuple(items.get(split, ())) for split in ("train", "valid", "test")}

    def find(self) -> Scan:
        return Scan(self._items)


@pytest.fixture(autouse=True)
def _cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ADBENCH_CACHE", str(tmp_path / "cache"))


def card(reading: Reading = Reading()) -> DatasetCard:
    return DatasetCard(name="a", title="A", factory="x:Y", has_masks=True, reading=reading)


def save(path: Path, values: np.ndarray) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(values).save(path)
    return path


def deep(low: int, high: int) -> np.ndarray:
    """A smooth picture from the one value to the other."""
    return np.linspace(low, high, 400).reshape(20, 20).astype(np.uint16)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name, low, high in (
        ("train/good/1", 100, 3000),
        ("train/good/2", 200, 3500),
        ("test/good/3", 0, 4000),
        ("test/Ungood/4", 9, 4095),
    ):
        save(tmp_path / f"set/{name}.png", deep(low, high))
    return tmp_path / "set"


def test_one_range_for_the_whole_set(root: Path) -> None:
    dataset = Set(card(), root)
    assert dataset.levels is not None
    assert dataset.levels.range == (0, 4095)
    first = dataset.items("train")[0]
    np.testing.assert_array_equal(dataset.image("train", first)[:, :, 0], np.rint(deep(100, 3000) / 4095 * 255))
    assert not [warning for warning in dataset.warnings() if "grey" in warning or "8 bits" in warning]


def test_8_bit_sets_have_none_and_keep_their_fingerprint(tmp_path: Path) -> None:
    save(tmp_path / "set/train/good/1.png", np.zeros((4, 4), np.uint8))
    dataset = Set(card(), tmp_path / "set")
    assert dataset.levels is None
    said = Reading(value_range=(0, 9), window="lung", axis=1)
    assert Set(card(said), tmp_path / "set").fingerprint() == dataset.fingerprint()


def test_what_is_shown_decides_the_fingerprint(root: Path) -> None:
    readings = (Reading(), Reading(value_range=(0, 9)), Reading(window="lung"), Reading(window="percentile"))
    seen = {Set(card(reading), root).fingerprint() for reading in readings}
    assert len(seen) == 4
    assert Set(card(Reading(value_range=(0, 4095))), root).fingerprint() == Set(card(), root).fingerprint()


def test_the_users_range_and_that_of_an_image(root: Path) -> None:
    path = root / "train/good/1.png"
    dataset = Listed(
        Reading(value_range=(0, 2000)),
        train=[Item("a", False, path=path), Item("b", False, path=path, value_range=(1000, 3000))],
    )
    for item, low, high in zip(dataset.items("train"), (0, 1000), (2000, 3000), strict=True):
        expected = np.clip((deep(100, 3000).astype(float) - low) / (high - low), 0, 1) * 255
        assert np.abs(dataset.image("train", item)[:, :, 0] - expected).max() <= 0.5
    plain = Listed(Reading(value_range=(0, 2000)), train=[Item("a", False, path=path), Item("b", False, path=path)])
    assert plain.fingerprint() != dataset.fingerprint()


def test_an_image_with_a_range_of_its_own_moves_nothing(root: Path, tmp_path: Path) -> None:
    odd = save(tmp_path / "odd.png", deep(0, 65535))
    items = [Item(name, False, path=root / f"train/good/{name}.png") for name in "12"]
    dataset = Listed(train=[*items, Item("odd", False, path=odd, value_range=(0, 65535))])
    assert dataset.levels is not None
    assert dataset.levels.range == (0, 4095)


def test_percentiles_are_those_of_the_training_normals_alone(root: Path) -> None:
    dataset = Set(card(Reading(window="percentile")), root)
    values = np.concatenate([deep(100, 3000).ravel(), deep(200, 3500).ravel()])
    assert dataset.levels is not None
    assert dataset.levels.range is not None
    np.testing.assert_allclose(dataset.levels.range, np.percentile(values, (0.5, 99.5)), atol=40)  # no value lies between
    in_order = np.sort(values)
    assert dataset.levels.range == (in_order[round(0.005 * 799)], in_order[round(0.995 * 799)])
    save(root / "test/Ungood/4.png", deep(0, 65535))
    changed = Set(card(Reading(window="percentile")), root)
    assert changed.levels is not None
    assert changed.levels.range == dataset.levels.range


def test_percentiles_of_numbers_with_fractions(tmp_path: Path) -> None:
    values = np.random.default_rng(0).normal(size=(2, 50, 60)).astype(np.float32) * 1e-3
    paths = [tmp_path / f"{number}.npy" for number in range(2)]
    for path, part in zip(paths, values, strict=True):
        np.save(path, part)
    pictures = [Picture(path, None) for path in paths]
    levels = levels_in_use(pictures, pictures, Reading(window="percentile"))
    assert levels is not None
    assert levels.range is not None
    np.testing.assert_allclose(levels.range, np.percentile(values, (0.5, 99.5)), atol=np.ptp(values) / 1000)


def test_nothing_is_decoded_twice(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for window in ("", "percentile"):
        _ = Set(card(Reading(window=window)), root).levels
    seen: list[Path] = []
    original = raster.stored
    monkeypatch.setattr(raster, "stored", lambda path, *rest: seen.append(path) or original(path, *rest))
    for window in ("", "percentile"):
        assert Set(card(Reading(window=window)), root).levels is not None
    assert not seen


def test_few_grey_levels_are_a_warning(root: Path) -> None:
    warnings = Set(card(Reading(value_range=(0, 65535))), root).warnings()
    (said,) = [warning for warning in warnings if "grey level" in warning]
    assert said.startswith(
        "14 grey levels of 256 left in a typical image, shown from 0 to 65535: give --range LOW:HIGH, e.g. 71:3732, or --window"
    )


def test_one_hot_pixel_is_noticed(root: Path) -> None:
    values = deep(0, 4000)
    values[3, 3] = 65535
    save(root / "test/good/3.png", values)
    dataset = Set(card(), root)
    assert any("grey levels of 256 left in a typical image, shown from 0 to 65535" in said for said in dataset.warnings())


def test_depths_that_are_mixed_are_a_warning(root: Path) -> None:
    save(root / "train/good/5.png", np.full((20, 20), 77, np.uint8))
    dataset = Set(card(), root)
    item = dataset.items("train")[2]
    assert (dataset.image("train", item) == 77).all()
    assert any("1 image file of 8 bits, which are shown as they are, and 4 of more" in said for said in dataset.warnings())


def test_ct_without_a_window_is_a_warning(tmp_path: Path) -> None:
    save(tmp_path / "set/train/good/1.tif", np.linspace(-1024, 3071, 400).reshape(20, 20).astype(np.int32))
    dataset = Set(card(), tmp_path / "set")
    assert any(
        "look like CT in Hounsfield units, and are shown from -1024 to 3071: --window lung" in said for said in dataset.warnings()
    )
    windowed = Set(card(Reading(window="brain")), tmp_path / "set")
    assert not any("Hounsfield" in said for said in windowed.warnings())


def test_constant_and_single_images(tmp_path: Path) -> None:
    save(tmp_path / "set/train/good/1.png", np.full((4, 4), 500, np.uint16))
    dataset = Set(card(), tmp_path / "set")
    assert dataset.levels is not None
    assert dataset.levels.range == (0, 511)
    assert (dataset.image("train", dataset.items("train")[0]) == 250).all()


def test_a_window_that_fits_no_file_is_a_problem(root: Path, tmp_path: Path) -> None:
    (problem,) = [said for said in Set(card(Reading(window="voi")), root).problems() if "window" in said]
    assert problem.startswith(f"{root / 'train/good/1.png'} and 3 more do not say how to be shown: give --window")
    save(tmp_path / "few/test/good/1.png", deep(0, 900))
    (problem,) = Set(card(Reading(window="percentile")), tmp_path / "few").problems()
    assert "needs training normals of more than 8 bits" in problem
    assert "Did you mean 'lung'?" in Set(card(Reading(window="lungs")), root).problems()[0]


def test_an_unreadable_file_stops_nothing(root: Path) -> None:
    (root / "test/good/3.png").write_bytes(b"")
    dataset = Set(card(), root)
    assert dataset.levels is not None
    assert dataset.levels.deep == 3
    assert dataset.image("train", dataset.items("train")[0]).any()


def test_slices_of_volumes_and_of_their_masks(tmp_path: Path) -> None:
    volume = np.arange(3 * 4 * 5, dtype=np.int16).reshape(3, 4, 5) * 60
    labels = (volume > 2000).astype(np.uint8) * 3
    for name, values in (("image", volume), ("mask", labels), ("thick", labels[:, :, :4])):
        nibabel.save(nibabel.Nifti1Image(values, np.eye(4)), tmp_path / f"{name}.nii.gz")
    image, mask, thick = (tmp_path / f"{name}.nii.gz" for name in ("image", "mask", "thick"))
    items = [Item(f"x/{frame}", True, "x", image, (mask,), frame) for frame in range(5)]
    dataset = Listed(test=items)
    for frame, item in enumerate(items):
        expected = np.rot90(volume[:, :, frame])
        assert np.abs(dataset.image("test", item)[:, :, 0] - expected / 4095 * 255).max() <= 0.5
        np.testing.assert_array_equal(dataset.mask("test", item), expected > 2000)
    assert Listed(Reading(axis=1), test=items[:4]).image("test", items[1]).shape == (5, 3, 3)
    assert (
        len(
            {
                Listed(test=items).fingerprint(),
                Listed(test=items[:4]).fingerprint(),
                Listed(Reading(axis=1), test=items).fingerprint(),
            }
        )
        == 3
    )
    other = Listed(test=[Item("x", True, "x", image, (thick,), 1)])
    with pytest.raises(UserError, match=r"thick\.nii\.gz has 4 slices, but its image 5 slices: both must have as many"):
        other.mask("test", other.items("test")[0])
    Image.fromarray(np.rot90(labels[:, :, 1])).save(tmp_path / "drawn.png")
    drawn = Listed(test=[Item("x", True, "x", image, (tmp_path / "drawn.png",), 1)])
    np.testing.assert_array_equal(drawn.mask("test", drawn.items("test")[0]), np.rot90(volume[:, :, 1]) > 2000)
    save(tmp_path / "flat.png", np.zeros((4, 3), np.uint8))
    flat = Listed(test=[Item("x", True, "x", tmp_path / "flat.png", (mask,))])
    with pytest.raises(UserError, match=r"mask\.nii\.gz has 5 slices, but its image 1 slice"):
        flat.mask("test", flat.items("test")[0])
