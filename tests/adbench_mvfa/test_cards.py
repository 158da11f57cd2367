from __future__ import annotations

import dataclasses

import pytest

from adbench import UserError
from adbench.registry.parameters import build_parameters
from adbench_mvfa import MVFA, OFFICIAL, adbench_detectors


@pytest.mark.parametrize("card", adbench_detectors(), ids=lambda card: card.name)
def test_every_parameter_is_explained_and_every_preset_valid(card) -> None:
    for field in dataclasses.fields(card.parameters):
        assert field.metadata["help"]
    for preset in ("paper", "demo"):
        assert build_parameters(card, preset, {})
    assert build_parameters(card, "demo", {}).weights == "tiny-clip"


def test_only_the_official_protocol_looks_at_the_test_set() -> None:
    honest, release = (build_parameters(card, "paper", {}) for card in (MVFA, OFFICIAL))
    assert (MVFA.checkpoint(honest), MVFA.is_transductive(honest)) == ("last", False)
    assert (OFFICIAL.checkpoint(release), OFFICIAL.is_transductive(release)) == ("test-oracle", True)
    marked = build_parameters(MVFA, "paper", {"fusion": "test-set"})
    assert MVFA.is_transductive(marked)


@pytest.mark.parametrize(
    "wrong", [{"epochs": -1}, {"batch_size": 0}, {"lr": 0}, {"residual": 0.6}, {"heads": "triple"}, {"image_size": 0}], ids=str
)
def test_impossible_values_are_refused(wrong: dict) -> None:
    with pytest.raises(UserError, match=next(iter(wrong))):
        build_parameters(MVFA, "paper", wrong)
