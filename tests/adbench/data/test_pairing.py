"""Pairs of image and mask: every name that people give masks, and no pair that nobody meant."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adbench.data.pairing import AFFIXES, JOINTS, pair


def paired(images: list[str], masks: list[str]) -> tuple[dict[str, str], list[str]]:
    """`pair` of names."""
    found, left = pair([Path("i") / name for name in images], [Path("m") / name for name in masks])
    return {image.name: mask.name for image, mask in found.items()}, [mask.name for mask in left]


@pytest.mark.parametrize(
    "mask",
    [
        "007.png",
        "007.bmp",
        "007_mask.png",
        "007-gt.png",
        "007_seg.tif",
        "mask_007.png",
        "GT_007.PNG",
        "007.label.png",
        "007 mask.png",
    ],
)
def test_usual_names(mask: str) -> None:
    assert paired(["007.png", "008.png"], [mask]) == ({"007.png": mask}, [])


def test_letters_with_accents_and_case() -> None:
    image, mask = (unicodedata.normalize(form, "Läsion_Ä.png") for form in ("NFC", "NFD"))
    assert image != mask
    assert paired([image], [mask.upper()]) == ({image: mask.upper()}, [])


def test_the_plainest_name_counts() -> None:
    masks = ["7.png", "7_mask.png", "7_mask_mask.png"]
    assert paired(["7.png", "7_mask.png"], masks) == ({"7.png": "7.png", "7_mask.png": "7_mask.png"}, ["7_mask_mask.png"][1:])
    assert paired(["a.png", "a.jpg"], ["a.png", "a.jpg"]) == ({"a.png": "a.png", "a.jpg": "a.jpg"}, [])


@pytest.mark.parametrize("mask", ["0077.png", "07.png", "007x.png", "099_mask.png", "007_mask_2.png", "x007.png"])
def test_a_mask_of_nothing_is_left(mask: str) -> None:
    assert paired(["007.png"], [mask]) == ({}, [mask])


stems = st.text("ab1_ -.", min_size=1, max_size=5).filter(lambda stem: stem.strip(" .") == stem)


@given(
    st.dictionaries(stems, st.sampled_from(["plain", "none", *AFFIXES]), max_size=8),
    st.lists(st.integers(100, 999), unique=True, max_size=3),
)
def test_pairs_are_those_of_the_maker(made: dict[str, str], strangers: list[int]) -> None:
    """Images with one mask each in a random manner, some without, and masks of no image."""
    stems_of = list(made)
    dressed = {stem + joint + word for stem in stems_of for joint in JOINTS for word in AFFIXES}
    if dressed & {stem.casefold() for stem in stems_of}:
        return  # one image is called as a mask of another
    wanted = {
        f"{stem}.png": f"{stem}.png" if how == "plain" else f"{stem}_{how}.png" for stem, how in made.items() if how != "none"
    }
    extra = [f"stranger{number}.png" for number in strangers]
    found, left = paired([f"{stem}.png" for stem in stems_of], [*extra, *wanted.values()])
    assert found == wanted
    assert sorted(left) == sorted(extra)
