from __future__ import annotations

import pytest

from adbench.registry.factories import load_factory
from adbench.registry.parameters import build_parameters
from adbench_fewshot import BGAD, DRA, adbench_detectors, adbench_weights

HEAVY = "import sys, adbench_fewshot; print([name for name in ('torch', 'numpy', 'timm', 'anomalib') if name in sys.modules])"


@pytest.mark.parametrize("card", adbench_detectors(), ids=lambda card: card.name)
def test_presets_build_and_weights_are_named(card) -> None:
    assert card.tracks == ("few-shot",)
    assert build_parameters(card, "demo", {}).weights == "tiny-cnn"
    assert build_parameters(card, "paper", {}).weights in [weights.name for weights in adbench_weights()]
    assert load_factory(card.factory, card.title)(card, build_parameters(card, "demo", {})).card is card


def test_the_paper_preset_holds_the_published_values() -> None:
    dra, bgad = build_parameters(DRA, "paper", {}), build_parameters(BGAD, "paper", {})
    assert (dra.image_size, dra.references, dra.epochs, dra.steps, dra.batch_size, dra.lr) == (448, 5, 30, 20, 48, 2e-4)
    assert (bgad.image_size, bgad.levels, bgad.token_batch) == (256, (1, 2, 3), 4096)
    assert (bgad.epochs, bgad.sub_epochs, bgad.lr) == (25, 8, 2e-4)


def test_only_bgad_needs_masks_and_cards_say_what_is_our_own() -> None:
    assert (DRA.needs_masks, BGAD.needs_masks) == (False, True)
    assert "our choice" in DRA.notes
    assert "our choice" in BGAD.notes
