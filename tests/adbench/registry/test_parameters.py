"""Text from the command line becomes what the annotation says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

import pytest
from annotated_types import Ge

import adbench
from adbench.registry.parameters import build_parameters, changed_parameters, parse_set, variant_name


@dataclass(frozen=True)
class Everything:
    """One field of each kind."""

    text: str = "a"
    whole: int = 1
    number: float = 0.5
    maybe: float | None = None
    flag: bool = False
    choice: Literal["last", "valid"] = "last"
    several: tuple[int, ...] = (1, 2)
    names: tuple[str, ...] = ("layer2", "layer3")
    three: tuple[float, float, float] = (0.0, 0.0, 0.0)
    count: Annotated[int, Ge(1)] = 3
    count_or_none: Annotated[int, Ge(1)] | None = None


CARD = adbench.DetectorCard(
    name="every",
    title="Every",
    factory="x:y",
    tracks=("full-normal",),
    parameters=Everything,
    presets={"demo": {"whole": 7}},
)


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("text", "5", "5"),
        ("text", "none", "none"),
        ("text", "a,b", "a,b"),
        ("whole", "20", 20),
        ("number", "1e-4", 1e-4),
        ("maybe", "none", None),
        ("maybe", "0.3", 0.3),
        ("flag", "true", True),
        ("flag", "no", False),
        ("choice", "valid", "valid"),
        ("several", "3", (3,)),
        ("several", "3,4,5", (3, 4, 5)),
        ("names", "blocks.1", ("blocks.1",)),
        ("names", "layer1, layer2", ("layer1", "layer2")),
        ("three", "0.5,0.5,0.5", (0.5, 0.5, 0.5)),
        ("several", [9], (9,)),
        ("count", "1", 1),
        ("count_or_none", "none", None),
    ],
)
def test_text_becomes_what_the_annotation_says(name: str, text: object, value: object) -> None:
    assert getattr(build_parameters(CARD, "paper", {name: text}), name) == value


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("whole", "1.5"),
        ("flag", "perhaps"),
        ("choice", "best"),
        ("three", "1,2"),
        ("number", "x"),
        ("count", "0"),
        ("count_or_none", "0"),
    ],
)
def test_what_the_annotation_does_not_admit_is_an_error(name: str, text: str) -> None:
    with pytest.raises(adbench.UserError, match=rf"every.{name} = '{text}' is not valid"):
        build_parameters(CARD, "paper", {name: text})


def test_a_preset_replaces_defaults_and_the_user_both() -> None:
    assert build_parameters(CARD, "demo", {}).whole == 7
    assert build_parameters(CARD, "demo", {"whole": "8"}).whole == 8


def test_variants_are_named_by_what_differs_from_the_preset() -> None:
    changed = changed_parameters(CARD, "demo", build_parameters(CARD, "demo", {"several": "3,4", "whole": "7"}))
    assert variant_name("every", changed) == "every[several=3+4]"
    assert variant_name("every", {}) == "every"


def test_settings_split_at_the_last_dot() -> None:
    assert parse_set(["mvfa.lr=1e-4", "mvfa.text=a=b", "anomalib:x.y.z=1"]) == {
        "mvfa": {"lr": "1e-4", "text": "a=b"},
        "anomalib:x.y": {"z": "1"},
    }


@pytest.mark.parametrize("setting", ["mvfa.lr", "lr=1", ".lr=1", "mvfa.=1", ""])
def test_a_setting_of_another_form_is_an_error(setting: str) -> None:
    with pytest.raises(adbench.UserError, match="METHOD.PARAM=VALUE"):
        parse_set([setting])
