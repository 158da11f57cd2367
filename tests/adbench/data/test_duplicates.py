"""Copies by content and by looks, against brute force."""

from __future__ import annotations

import time
from itertools import combinations

import numpy as np
import pytest
from PIL import Image

from adbench import Item
from adbench.data.duplicates import NEAR, across_splits, near_content, near_groups, same_content
from adbench.data.reading import ImageFacts, Place, perceptual_hash
from adbench.testing.pictures import normal_pictures


def brute_force(hashes: np.ndarray, distance: int) -> set[frozenset[int]]:
    """Groups of rows that are connected by near pairs, by comparing each with each."""
    groups = [{row} for row in range(len(hashes))]
    for one, other in combinations(range(len(hashes)), 2):
        if (hashes[one] != hashes[other]).sum() <= distance and groups[one] is not groups[other]:
            joined = groups[one] | groups[other]
            for row in joined:
                groups[row] = joined
    return set(map(frozenset, groups))


def found_groups(hashes: np.ndarray, distance: int) -> set[frozenset[int]]:
    numbers = near_groups(hashes, distance)
    assert numbers.shape == (len(hashes),)
    return {frozenset(np.flatnonzero(numbers == number).tolist()) for number in set(numbers.tolist())}


@pytest.mark.parametrize("crowd", [64, 3], ids=["pairs", "crowds"])
@pytest.mark.parametrize("distance", [0, 1, 5, 12])
def test_near_groups_are_those_of_brute_force(monkeypatch: pytest.MonkeyPatch, distance: int, crowd: int) -> None:
    monkeypatch.setattr("adbench.data.duplicates.CROWD", crowd)
    rng = np.random.default_rng(distance)
    originals = rng.random((40, 256)) < 0.5
    copies = originals[rng.integers(0, 40, 160)] ^ (rng.random((160, 256)) < 0.02)
    hashes = np.concatenate([originals, copies, originals[:3]])
    found = found_groups(hashes, distance)
    assert found == brute_force(hashes, distance)
    assert 30 <= len(found) < len(hashes) - 2


@pytest.mark.parametrize("block", [1 << 22, 7])
def test_a_chain_of_near_ones_is_one_group(monkeypatch: pytest.MonkeyPatch, block: int) -> None:
    monkeypatch.setattr("adbench.data.duplicates.CROWD", 4)
    monkeypatch.setattr("adbench.data.duplicates.BLOCK", block)
    # Each differs from the next in 2 bits, and from those after in more; a gap of 40 bits in the middle.
    steps = np.arange(60) * 2 + np.where(np.arange(60) >= 30, 40, 0)
    hashes = np.arange(256)[None] < steps[:, None]
    order = np.random.default_rng(0).permutation(60)
    assert found_groups(hashes[order], 2) == brute_force(hashes[order], 2)
    assert len(found_groups(hashes, 2)) == 2


def test_a_crowd_costs_as_little_as_strangers() -> None:
    rng = np.random.default_rng(0)
    crowd = (rng.random((1, 256)) < 0.5) ^ (rng.random((4000, 256)) < 0.01)
    begun = time.perf_counter()
    assert len(set(near_groups(crowd, 12).tolist())) == 1
    assert time.perf_counter() - begun < 20  # a list of all pairs would take 1.5 GB and a minute


def test_no_rows_no_groups() -> None:
    assert near_groups(np.zeros((1, 256), bool), 3).tolist() == [0]


def saved(image: np.ndarray, **how: object) -> np.ndarray:
    import io

    file = io.BytesIO()
    Image.fromarray(image).save(file, **how)
    return np.asarray(Image.open(file).convert("RGB"))


def test_the_hash_survives_what_copies_go_through() -> None:
    image = normal_pictures(1, seed=5, shapes=((200, 200),)).images[0]
    smooth = np.asarray(Image.fromarray(image).resize((100, 100), Image.Resampling.LANCZOS))
    brighter = np.clip(image * 1.1, 0, 255).astype(np.uint8)
    wanted = perceptual_hash(image)
    for copy in (saved(image, format="JPEG", quality=75), smooth, brighter):
        assert (perceptual_hash(copy) != wanted).sum() <= NEAR
    other = normal_pictures(2, seed=6, shapes=((200, 200),)).images[1]
    assert (perceptual_hash(other) != wanted).sum() > 2 * NEAR


def place(split: str, name: str) -> Place:
    return Place(split, Item(name, False))  # type: ignore[arg-type]


def facts(content: str, bits: list[int]) -> ImageFacts:
    hashed = np.zeros(256, bool)
    hashed[bits] = True
    return ImageFacts(content, (8, 8), False, hashed)


def test_groups() -> None:
    a, b, c, d = place("train", "a"), place("train", "b"), place("test", "c"), place("test", "d")
    seen = {a: facts("one", []), b: facts("one", []), c: facts("two", [1, 2]), d: facts("three", list(range(99)))}
    assert same_content(seen) == [[a, b]]
    assert near_content(seen) == [[a, b, c]]
    assert across_splits(near_content(seen)) == [[a, c]]
    assert across_splits(same_content(seen)) == []


def test_equal_pixels_alone_do_not_only_look_the_same() -> None:
    assert near_content({place("train", "a"): facts("one", []), place("test", "b"): facts("one", [])}) == []
    assert near_content({}) == []
