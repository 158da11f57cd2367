from __future__ import annotations

import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from functools import cache

import numpy as np
import pytest

from adbench.contracts.dataset import SPLITS
from adbench_phantoms import CARDS, COUNTS, adbench_datasets
from adbench_phantoms.dataset import SETS, PhantomDataset

BY_NAME = {card.name: card for card in CARDS}
MASKED = ["phantom-brain", "phantom-liver", "phantom-resc"]


@cache
def made(name: str) -> PhantomDataset:
    return PhantomDataset(BY_NAME[name])


def images(name: str, split: str, abnormal: bool) -> np.ndarray:
    dataset = made(name)
    return np.stack([dataset.image(split, item) for item in dataset.items(split) if item.abnormal is abnormal])


def auroc(normal: np.ndarray, abnormal: np.ndarray) -> float:
    """Probability that an abnormal score is above a normal one, the better of both directions."""
    above = np.mean(abnormal[:, None] > normal) + 0.5 * np.mean(abnormal[:, None] == normal)
    return float(max(above, 1 - above))


def test_cards() -> None:
    assert adbench_datasets() == CARDS
    assert set(BY_NAME) == set(SETS)
    assert all(card.synthetic and card.groups == ("phantoms",) for card in CARDS)
    assert [card.name for card in CARDS if card.has_masks] == MASKED


@pytest.mark.slow
def test_all_six_are_made_within_seconds() -> None:
    start = time.process_time()
    for name in SETS:
        made(name).fingerprint()
    assert time.process_time() - start < 10  # 1.5 s on an idle core


@pytest.mark.parametrize("name", SETS)
def test_splits_and_images(name: str) -> None:
    dataset = made(name)
    assert dataset.absence() is None
    assert dataset.warnings() == []
    for split in SPLITS:
        items = dataset.items(split)
        assert [item.id for item in items] == sorted({item.id for item in items})
        counts = Counter(f"{split}/{'abnormal' if item.abnormal else 'normal'}" for item in items)
        assert counts == {key: count for key, count in COUNTS.items() if key.startswith(split)}
    image = dataset.image("test", dataset.items("test")[0])
    assert image.shape == (128, 128, 3)
    assert image.dtype == np.uint8
    assert np.ptp(image) > 100
    coloured = (image != image[:, :, :1]).any()
    assert coloured == (name == "phantom-his")


@pytest.mark.parametrize("name", SETS)
@pytest.mark.slow
def test_no_two_images_are_alike(name: str) -> None:
    every = np.concatenate([images(name, split, label) for split in SPLITS for label in (False, True)
                            if any(item.abnormal is label for item in made(name).items(split))])  # fmt: skip
    small = every.astype(float).mean(axis=3).reshape(len(every), -1)
    distance = np.sqrt(((small[:, None, ::37] - small[None, :, ::37]) ** 2).mean(axis=2))
    assert distance[~np.eye(len(every), dtype=bool)].min() > 2


@pytest.mark.parametrize("name", MASKED)
def test_masks(name: str) -> None:
    dataset = made(name)
    areas = []
    for split in ("valid", "test"):
        for item in dataset.items(split):
            mask = dataset.mask(split, item)
            assert mask is not None
            assert mask.shape == (128, 128)
            assert mask.dtype == bool
            areas.append(mask.mean())
            assert mask.any() == item.abnormal
    abnormal = np.array([area for area in areas if area])
    assert abnormal.min() > 15 / 128**2
    assert abnormal.max() / abnormal.min() > 3
    assert abnormal.max() < 0.3


def test_sets_without_masks() -> None:
    for name in set(SETS) - set(MASKED):
        assert made(name).mask("test", made(name).items("test")[0]) is None


@pytest.mark.parametrize("name", MASKED)
def test_lesions_are_brighter_or_darker(name: str) -> None:
    dataset = made(name)
    signs = []
    for split in ("valid", "test"):
        for item in dataset.items(split):
            mask = dataset.mask(split, item)
            if mask is not None and item.abnormal:
                grey = dataset.image(split, item)[:, :, 0].astype(float)
                near = np.zeros_like(mask)
                rows, columns = np.nonzero(mask)
                near[max(rows.min() - 8, 0) : rows.max() + 9, max(columns.min() - 8, 0) : columns.max() + 9] = True
                signs.append(grey[mask].mean() > grey[near & ~mask & (grey > 8)].mean())
    assert 0.1 < np.mean(signs) < 0.9


@pytest.mark.parametrize("name", SETS)
@pytest.mark.parametrize("statistic", ["mean", "std", "max", "p99"])
def test_simple_statistics_do_not_tell_the_label(name: str, statistic: str) -> None:
    grey = {label: images(name, "test", label).mean(axis=3).reshape(30, -1) for label in (False, True)}
    score = {"mean": np.mean, "std": np.std, "max": np.max, "p99": lambda a, axis: np.percentile(a, 99, axis=axis)}[statistic]
    assert auroc(score(grey[False], axis=1), score(grey[True], axis=1)) < 0.8


@pytest.mark.parametrize("name", SETS)
def test_the_same_on_every_call(name: str) -> None:
    again = PhantomDataset(BY_NAME[name])
    for item in again.items("valid"):
        np.testing.assert_array_equal(again.image("valid", item), made(name).image("valid", item))


def test_fingerprints_differ() -> None:
    assert len({made(name).fingerprint() for name in SETS}) == 6


def test_an_image_does_not_depend_on_the_others() -> None:
    dataset = PhantomDataset(BY_NAME["phantom-liver"])
    item = dataset.items("test")[11]
    np.testing.assert_array_equal(dataset._make("test", item)[0], made("phantom-liver").image("test", item))


def test_subjects_of_brain_and_liver_have_two_slices() -> None:
    for name in SETS:
        for split in SPLITS:
            groups = Counter(item.group for item in made(name).items(split))
            assert set(groups.values()) == {2} if name in MASKED[:2] else set(groups) == {None}
    test = made("phantom-brain").items("test")
    subject = [item for item in test if item.group == "test-003"]
    assert {item.abnormal for item in subject} == {False, True}


def test_many_threads_get_the_same_images() -> None:
    dataset = PhantomDataset(BY_NAME["phantom-resc"])
    items = dataset.items("valid")
    with ThreadPoolExecutor(8) as pool:
        got = list(pool.map(lambda item: dataset.image("valid", item), items))
    for item, image in zip(items, got, strict=True):
        np.testing.assert_array_equal(image, made("phantom-resc").image("valid", item))


def test_images_cannot_be_changed() -> None:
    dataset = made("phantom-brain")
    with pytest.raises(ValueError, match="read-only"):
        dataset.image("test", dataset.items("test")[0])[:] = 0
