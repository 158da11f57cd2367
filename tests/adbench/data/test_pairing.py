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
    found = pair([Path("i") / name for name in images], [Path("m") / name for name in masks])
    return {image.name: "|".join(mask.name for mask in several) for image, several in found.masks.items()}, [
        mask.name for mask in found.strangers
    ]


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
    assert paired(["7.png", "7_mask.png"], ["7.png", "7_mask.png"]) == ({"7.png": "7.png", "7_mask.png": "7_mask.png"}, [])
    assert paired(["a.png", "a.jpg"], ["a.png", "a.jpg"]) == ({"a.png": "a.png", "a.jpg": "a.jpg"}, [])


def test_several_masks_are_numbered() -> None:
    masks = ["7_mask_0.png", "7_mask_1.png", "8-gt2.png"]
    assert paired(["7.png", "8.png"], masks) == ({"7.png": "7_mask_0.png|7_mask_1.png", "8.png": "8-gt2.png"}, [])


@pytest.mark.parametrize(
    ("image", "mask"), [("image3.png", "mask3.png"), ("img_3.png", "mask_3.png"), ("3_img.png", "3_mask.png")]
)
def test_the_word_image_gives_way_to_the_word_mask(image: str, mask: str) -> None:
    assert paired([image, "image4.png"], [mask]) == ({image: mask}, [])


def test_the_same_mask_in_two_formats_counts_once() -> None:
    images, masks = [Path("7.jpg")], [Path("m/7.jpeg"), Path("m/7.png"), Path("m/7.bmp")]
    found = pair(images, masks)
    assert (found.masks, found.twins) == ({images[0]: (masks[2],)}, [masks[0], masks[1]])
    assert not found.strangers
    assert not found.doubtful


def test_masks_of_two_names_are_doubtful() -> None:
    found = pair([Path("7.png")], [Path("m/7.png"), Path("m/7_mask.png")])
    assert found.doubtful == {Path("7.png"): (Path("m/7.png"), Path("m/7_mask.png"))}
    assert not found.masks


def test_a_mask_that_two_images_could_own_has_none() -> None:
    assert paired(["7.png", "7.jpg"], ["7.bmp"]) == ({}, ["7.bmp"])


@pytest.mark.parametrize("mask", ["0077.png", "07.png", "007x.png", "099_mask.png", "007_2.png", "007_mask_b.png", "x007.png"])
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
