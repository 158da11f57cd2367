"""Support draws: seeded, nested, from `valid`; test order: fixed and blind."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from toyplugin import ToySet, toy_registry

from adbench import UserError
from adbench.planning.draws import draw_support, limited, shuffled_test


@pytest.fixture
def dataset() -> ToySet:
    return ToySet(toy_registry().dataset("toy-a"), None)


def ids(entries) -> list[str]:
    return [entry.item.id for entry in entries]


def test_draws_are_nested_in_k_and_the_same_for_few_normal(dataset: ToySet) -> None:
    draws = {k: draw_support(dataset, "few-shot", k, seed=3) for k in (1, 2, 4, 5)}
    for small, large in ((1, 2), (2, 4), (4, 5)):
        assert ids(draws[large].normal)[:small] == ids(draws[small].normal)
        assert ids(draws[large].abnormal)[:small] == ids(draws[small].abnormal)
    assert ids(draw_support(dataset, "few-normal", 4, seed=3).normal) == ids(draws[4].normal)


def test_seeds_draw_differently_and_again_the_same(dataset: ToySet) -> None:
    drawn = [tuple(ids(draw_support(dataset, "few-shot", 2, seed).normal)) for seed in range(8)]
    assert len(set(drawn)) > 3
    assert drawn == [tuple(ids(draw_support(dataset, "few-shot", 2, seed).normal)) for seed in range(8)]


def test_the_order_is_that_of_numpys_generator_of_seed_and_purpose(dataset: ToySet) -> None:
    """Written down in every published figure: it must not change with a version."""
    for seed in (0, 7):
        draw = draw_support(dataset, "few-shot", 3, seed)
        assert ids(draw.normal) == permuted([f"good/{n}" for n in range(5)], [seed, *b"normal"])[:3]
        assert ids(draw.abnormal) == permuted([f"Ungood/{n}" for n in range(5)], [seed, *b"abnormal"])[:3]
    in_test = [f"good/{n}" for n in range(8)] + [f"Ungood/{n}" for n in range(8)]
    assert ids(shuffled_test(dataset)) == permuted(in_test, [20240, *b"test"])
    kept = limited(draw_support(dataset, "full-normal", 0, 0), 2)
    assert ids(kept.normal) == permuted([f"good/{n}" for n in range(6)], [20240, *b"limit"])[:2]


def permuted(names: list[str], key: list[int]) -> list[str]:
    """As numpy's default generator of this seed permutes them."""
    return [names[place] for place in np.random.default_rng(key).permutation(len(names))]


def test_a_track_grants_only_its_own(dataset: ToySet) -> None:
    few_normal = draw_support(dataset, "few-normal", 2, 0)
    assert (len(few_normal.normal), few_normal.abnormal, few_normal.auxiliary) == (2, [], ())
    full = draw_support(dataset, "full-normal", 0, 0)
    assert {entry.split for entry in full.normal} == {"train"}
    assert not any(entry.item.abnormal for entry in full.normal)
    zero = draw_support(dataset, "zero-shot", 0, 0, [ToySet(toy_registry().dataset("toy-b"), None)])
    assert (zero.normal, zero.abnormal, zero.valid) == ([], [], [])
    assert len(zero.auxiliary[0]) == 26


def test_valid_is_what_the_draw_leaves(dataset: ToySet) -> None:
    draw = draw_support(dataset, "few-shot", 2, 0)
    left = set(ids(draw.valid))
    assert len(left) == 6
    assert not left & set(ids(draw.normal) + ids(draw.abnormal))


def test_no_track_grants_a_test_image(dataset: ToySet) -> None:
    for track, granted in (("full-normal", {"train", "valid"}), ("few-normal", {"valid"}), ("few-shot", {"valid"})):
        draw = draw_support(dataset, track, 2, 0)
        assert {entry.split for entry in (*draw.normal, *draw.abnormal, *draw.valid)} == granted


def test_too_few_images_say_how_many_there_are(dataset: ToySet) -> None:
    with pytest.raises(UserError, match="needs 6 normal and 6 abnormal images in `valid` of toy-a, which has 5 normal and 5"):
        draw_support(dataset, "few-shot", 6, 0)


def test_normals_come_from_train_where_there_is_no_valid(dataset: ToySet, monkeypatch) -> None:
    monkeypatch.setattr(dataset, "sizes", {"train": (6, 0), "valid": (0, 0), "test": (2, 2)})
    assert {entry.split for entry in draw_support(dataset, "few-normal", 4, 0).normal} == {"train"}
    with pytest.raises(UserError, match="in `train` of toy-a"):
        draw_support(dataset, "few-shot", 1, 0)


def test_missing_splits_are_named(dataset: ToySet, monkeypatch) -> None:
    monkeypatch.setattr(dataset, "sizes", {"train": (0, 0), "valid": (1, 1), "test": (0, 0)})
    with pytest.raises(UserError, match="no images in `train`"):
        draw_support(dataset, "full-normal", 0, 0)
    with pytest.raises(UserError, match="no images in `test`"):
        shuffled_test(dataset)


def test_the_test_order_is_fixed_and_mixes_the_classes(dataset: ToySet) -> None:
    labels = [entry.item.abnormal for entry in shuffled_test(dataset)]
    assert labels == [entry.item.abnormal for entry in shuffled_test(dataset)]
    assert labels not in (sorted(labels), sorted(labels, reverse=True))


def test_a_limit_keeps_both_labels(dataset: ToySet) -> None:
    assert sum(entry.item.abnormal for entry in shuffled_test(dataset, 3)) == 3
    assert len(shuffled_test(dataset, 3)) == 6


@pytest.mark.parametrize(
    ("track", "k", "normal", "abnormal", "auxiliary", "valid"),
    [
        ("few-normal", 4, 4, 0, [], {False: 1, True: 2}),
        ("few-shot", 4, 4, 4, [], {False: 1, True: 1}),
        ("full-normal", 0, 2, 0, [], {False: 2, True: 2}),
        ("zero-shot", 0, 0, 0, [{False: 2, True: 2}], {}),
    ],
)
def test_a_limit_cuts_what_is_large_and_never_the_k_of_a_track(
    dataset: ToySet, track: str, k: int, normal: int, abnormal: int, auxiliary: list, valid: dict
) -> None:
    draw = draw_support(dataset, track, k, 0, [ToySet(toy_registry().dataset("toy-b"), None)])
    cut = limited(draw, 2)
    assert (len(cut.normal), len(cut.abnormal)) == (normal, abnormal)
    assert [labels(other) for other in cut.auxiliary] == auxiliary
    assert labels(cut.valid) == valid
    assert (cut.normal, cut.abnormal) == (draw.normal, draw.abnormal) or track == "full-normal"


def test_k_images_from_train_are_not_cut_either(dataset: ToySet, monkeypatch) -> None:
    monkeypatch.setattr(dataset, "sizes", {"train": (6, 0), "valid": (0, 0), "test": (2, 2)})
    draw = draw_support(dataset, "few-normal", 4, 0)
    assert limited(draw, 2).normal == draw.normal
    assert len(draw.normal) == 4


def labels(group) -> dict[bool, int]:
    """How many entries have each label."""
    return dict(Counter(entry.item.abnormal for entry in group))
