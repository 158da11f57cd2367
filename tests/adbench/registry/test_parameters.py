"""Text from the command line becomes what the annotation says."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Literal

import pytest
from annotated_types import Ge
from firstparty import first_party

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
    stages: tuple[Literal[1, 2, 3], ...] = (1, 2, 3)


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
        ("text", "'a'", "a"),
        ("text", '"a b"', "a b"),
        ("text", "(a)", "(a)"),
        ("text", "2_56", "2_56"),
        ("text", "nan", "nan"),
        ("text", "", ""),
        ("maybe", "None", None),
        ("flag", "True", True),
        ("several", "()", ()),
        ("several", "(3,)", (3,)),
        ("several", "[3, 4]", (3, 4)),
        ("names", "('layer1', 'layer2')", ("layer1", "layer2")),
        ("names", '["layer1","layer2"]', ("layer1", "layer2")),
        ("names", "[layer1,layer2]", ("layer1", "layer2")),
        ("names", "'a,b', c", ("a,b", "c")),
        ("names", "('a',)", ("a",)),
        ("three", "(0.5, 1, 2e-1)", (0.5, 1.0, 0.2)),
        ("stages", "(1, 2)", (1, 2)),
        ("stages", "2", (2,)),
        ("number", "3", 3.0),
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
        ("several", "(1, x)"),
        ("stages", "(1, 4)"),
        ("flag", "'True, False'"),
    ],
)
def test_what_the_annotation_does_not_admit_is_an_error(name: str, text: str) -> None:
    with pytest.raises(adbench.UserError, match=re.escape(f"every.{name} = {text!r} is not valid")):
        build_parameters(CARD, "paper", {name: text})


@pytest.mark.parametrize(
    ("name", "text", "why"),
    [
        ("whole", "2_56", "a number without _"),
        ("number", "1_0.5", "a number without _"),
        ("several", "(1_0, 2)", "a number without _"),
        ("whole", "256.0", "a whole number, without a point, e.g. 256"),
        ("several", "[3.0, 4]", "a whole number, without a point, e.g. 3"),
        ("number", "nan", "a finite number"),
        ("number", "-inf", "a finite number"),
        ("whole", "nan", "a finite number"),
        ("three", "0, nan, 1", "a finite number"),
    ],
)
def test_numbers_that_nobody_means_are_refused_with_the_reason(name: str, text: str, why: str) -> None:
    with pytest.raises(adbench.UserError, match=rf"is not valid: Input should be {why}\.$"):
        build_parameters(CARD, "paper", {name: text})


def first_party_values() -> Iterator[tuple[str, object, str, object]]:
    """(method, its card, parameter, value) of every default and preset that `adbench methods NAME` prints."""
    for card in first_party().detectors.values():
        for field in dataclasses.fields(card.parameters):
            values = [field.default, *(preset[field.name] for preset in card.presets.values() if field.name in preset)]
            yield from ((card.name, card, field.name, value) for value in values)


def test_what_methods_prints_is_what_set_takes() -> None:
    """Every default of every card, as it is printed, reads back as the same value of the same type."""
    values = list(first_party_values())
    assert len(values) > 100
    for method, card, name, value in values:
        read = getattr(build_parameters(card, "paper", parse_set([f"{method}.{name}={value}"])[method]), name)
        assert (read, type(read)) == (value, type(value)), f"{method}.{name}"


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
