from __future__ import annotations

import dataclasses

import pytest

from adbench import UserError
from adbench.registry.parameters import build_parameters
from adbench_clip import adbench_detectors, adbench_weights
from adbench_clip.cards import APRIL_GAN, CLIP


@pytest.mark.parametrize("card", adbench_detectors(), ids=lambda card: card.name)
def test_every_parameter_is_explained_and_every_preset_valid(card) -> None:
    for field in dataclasses.fields(card.parameters):
        assert field.metadata["help"]
    for preset in ("paper", "demo"):
        assert build_parameters(card, preset, {})


def test_clip_says_that_it_is_untrained_and_our_choice() -> None:
    assert "Untrained" in CLIP.notes
    assert "does not say" in CLIP.notes
    assert "our choice" in CLIP.notes


@pytest.mark.parametrize(
    ("given", "transductive"),
    [
        ({}, False),
        ({"fusion": "test-set"}, True),
        ({"fusion": "test-set", "image_score": "token"}, False),
        ({"image_score": "map"}, False),
    ],
    ids=str,
)
def test_scores_that_depend_on_the_test_set_are_marked(given: dict, transductive: bool) -> None:
    assert APRIL_GAN.is_transductive(build_parameters(APRIL_GAN, "paper", given)) == transductive
    assert APRIL_GAN.checkpoint(build_parameters(APRIL_GAN, "paper", given)) == "last"


@pytest.mark.parametrize("wrong", [{"epochs": -1}, {"batch_size": 0}, {"lr": 0}, {"fusion": "batch"}, {"image_size": 0}], ids=str)
def test_impossible_values_are_refused(wrong: dict) -> None:
    with pytest.raises(UserError, match=next(iter(wrong))):
        build_parameters(APRIL_GAN, "paper", wrong)


def test_clip_needs_an_image() -> None:
    with pytest.raises(UserError, match="image_size"):
        build_parameters(CLIP, "paper", {"image_size": 0})


def test_every_card_says_where_its_file_is() -> None:
    cards = adbench_weights()
    assert len({card.name for card in cards}) == len(cards)
    assert all(card.hub or card.url or card.embedded for card in cards)
    assert all(card.licence for card in cards)
