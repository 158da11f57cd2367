"""Parameters of a method: presets, `--set METHOD.PARAM=VALUE`, validation by the dataclass's annotations."""

from __future__ import annotations

import ast
import dataclasses
import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, get_type_hints

from adbench.contracts.detector import DetectorCard
from adbench.errors import UserError, did_you_mean

QUOTED = re.compile(r"""'[^']*'|"[^"]*\"""")
# What stands between two commas: quoted texts whole, so that a comma in them does not end it.
PART = re.compile(r"""(?:^|(?<=,))(?:'[^']*'|"[^"]*"|[^,])*""")
NOT_FINITE = re.compile(r"[+-]?(nan|inf|infinity)", re.I)
FINITE = "Input should be a finite number"

Overrides = Mapping[str, Mapping[str, Any]]


def parse_set(settings: Iterable[str]) -> dict[str, dict[str, Any]]:
    """`["mvfa.lr=1e-4"]` to `{"mvfa": {"lr": "1e-4"}}`; values stay text until `build_parameters` converts them."""
    overrides: dict[str, dict[str, Any]] = {}
    for setting in settings:
        path, equals, value = setting.partition("=")
        # A method's argument may contain dots, so the parameter is what follows the last one.
        method, dot, name = path.strip().rpartition(".")
        if not (equals and dot and method and name):
            raise UserError(f"--set {setting!r} is not of the form METHOD.PARAM=VALUE, e.g. --set mvfa.epochs=20.")
        overrides.setdefault(method, {})[name] = value.strip()
    return overrides


def build_parameters(card: DetectorCard, preset: str, overrides: Mapping[str, Any]) -> Any:
    """The parameters of a cell: defaults, then the preset's values, then the user's.

    Raises:
        UserError: unknown parameter, or a value that its type does not allow.
    """
    types = get_type_hints(card.parameters, include_extras=True)
    fields = [field.name for field in dataclasses.fields(card.parameters)]
    for name in overrides:
        if name not in fields:
            hint = did_you_mean(name, fields)
            raise UserError(f"{card.name} has no parameter {name!r}.{hint} See `adbench methods {card.name}`.")
    given = {name: _convert(f"{card.name}.{name}", value, types[name]) for name, value in overrides.items()}
    return card.parameters(**{**card.presets.get(preset, {}), **given})


def changed_parameters(card: DetectorCard, preset: str, parameters: Any) -> dict[str, Any]:
    """The parameters that differ from the preset; they name a variant on a leaderboard."""
    usual = as_json(build_parameters(card, preset, {}))
    return {name: value for name, value in as_json(parameters).items() if value != usual[name]}


def as_json(parameters: Any) -> dict[str, Any]:
    """Parameters as JSON values, for identities and records."""
    return json.loads(json.dumps(dataclasses.asdict(parameters), default=str))


def variant_name(method: str, changed: Mapping[str, Any]) -> str:
    """`mvfa`, or `mvfa[epochs=20]`."""
    inside = ", ".join(f"{name}={_text(value)}" for name, value in sorted(changed.items()))
    return f"{method}[{inside}]" if inside else method


def _convert(where: str, value: Any, wanted: Any) -> Any:
    from pydantic import TypeAdapter, ValidationError

    adapter, problem = TypeAdapter(wanted), ""
    for candidate in _readings(value):
        try:
            converted = adapter.validate_python(candidate)
        except ValidationError as error:
            problem = problem or error.errors()[0]["msg"]
        else:
            if not isinstance(value, str) or not (oddity := _oddity(value, converted)):
                return converted
            problem = oddity
            break
    if isinstance(value, str) and NOT_FINITE.fullmatch(value):
        problem = FINITE
    raise UserError(f"{where} = {value!r} is not valid: {problem}.")


def _readings(value: Any) -> Iterator[Any]:
    """What a text may mean, literally first: `5` is a string, then a number, then a tuple of one.

    Lists may be written as Python shows them, `('layer1', 'layer2')`, or plainly, `layer1,layer2`.
    """
    if not isinstance(value, str):
        yield value
        return
    text = _scalar(value) if QUOTED.fullmatch(value) else value
    yield text
    bracketed = len(value) > 1 and (value[0], value[-1]) in (("(", ")"), ("[", "]"))
    parts = [part.strip() for part in _split(value[1:-1] if bracketed else value)]
    if len(parts) == 1 and not bracketed:
        yield from (_scalar(value), _literal(value))
    yield [_scalar(part) for part in parts]
    yield [_literal(part) for part in parts]  # a choice among numbers takes no texts


def _split(text: str) -> list[str]:
    """The parts between commas that stand in no quotes; none after the last comma, as in `(1,)`."""
    parts = PART.findall(text)
    return parts[:-1] if not parts[-1].strip() else parts


def _scalar(text: str) -> Any:
    if text.lower() in ("none", "null"):
        return None
    return _literal(text) if QUOTED.fullmatch(text) else text


def _literal(text: str) -> Any:
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return text


def _oddity(text: str, converted: Any) -> str:
    """Why a number is not meant although it could be read as one, or ""."""
    values = converted if isinstance(converted, tuple | list) else (converted,)
    numbers = [value for value in values if isinstance(value, int | float) and not isinstance(value, bool)]
    if any(not math.isfinite(number) for number in numbers):
        return FINITE
    if numbers and "_" in text:
        return "Input should be a number without _"
    if any(isinstance(number, int) for number in numbers) and "." in text:
        return f"Input should be a whole number, without a point, e.g. {numbers[0]}"
    return ""


def _text(value: Any) -> str:
    return "+".join(map(str, value)) if isinstance(value, list) else str(value)
