"""Copies by content and by looks, against brute force."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from PIL import Image

from adbench import Item
from adbench.data.duplicates import NEAR, across_splits, near_content, near_pairs, same_content
from adbench.data.reading import ImageFacts, Place, perceptual_hash
from adbench.testing.pictures import normal_pictures


def brute_force(hashes: np.ndarray, distance: int) -> list[list[int]]:
    rows = combinations(range(len(hashes)), 2)
    return [[one, other] for one, other in rows if (hashes[one] != hashes[other]).sum() <= distance]


@pytest.mark.parametrize("distance", [0, 1, 5, 12])
def test_near_pairs_are_those_of_brute_force(distance: int) -> None:
    rng = np.random.default_rng(distance)
    originals = rng.random((40, 256)) < 0.5
    copies = originals[rng.integers(0, 40, 160)] ^ (rng.random((160, 256)) < 0.02)
    hashes = np.concatenate([originals, copies, originals[:3]])
    found = near_pairs(hashes, distance)
    assert found.tolist() == brute_force(hashes, distance)
    assert len(found) >= 3


def test_a_crowd_of_equal_hashes_is_compared_in_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("adbench.data.duplicates.BLOCK", 4)
    assert len(near_pairs(np.zeros((11, 256), bool), 2)) == 11 * 10 / 2


def test_no_rows_no_pairs() -> None:
    assert near_pairs(np.zeros((1, 256), bool), 3).shape == (0, 2)


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
