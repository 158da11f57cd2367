"""Parameters of a method: presets, `--set METHOD.PARAM=VALUE`, validation by the dataclass's annotations."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable, Mapping
from typing import Any

from adbench.detector import DetectorCard
from adbench.errors import UserError, did_you_mean

Overrides = Mapping[str, Mapping[str, Any]]


def parse_set(settings: Iterable[str]) -> dict[str, dict[str, Any]]:
    """`["mvfa.lr=1e-4"]` to `{"mvfa": {"lr": "1e-4"}}`; values stay text and are converted by their field's type."""
    overrides: dict[str, dict[str, Any]] = {}
    for setting in settings:
        path, equals, value = setting.partition("=")
        # A method's own name may hold dots only in its argument, so the parameter is what follows the last one.
        method, dot, name = path.strip().rpartition(".")
        if not (equals and dot and method and name):
            raise UserError(f"--set {setting!r} is not of the form METHOD.PARAM=VALUE, e.g. --set mvfa.epochs=20.")
        overrides.setdefault(method, {})[name] = value.strip()
    return overrides


def build_parameters(card: DetectorCard, preset: str, overrides: Mapping[str, Any]) -> Any:
    """The parameters of a cell: defaults, then the preset's values, then the user's.

    Raises:
        UserError: unknown parameter, or a value that its type does not admit.
    """
    from pydantic import TypeAdapter, ValidationError

    fields = [field.name for field in dataclasses.fields(card.parameters)]
    for name in overrides:
        if name not in fields:
            raise UserError(f"{card.name} has no parameter {name!r}.{did_you_mean(name, fields)} See `adbench methods {card.name}`.")
    values = {**card.presets.get(preset, {}), **{name: _untext(value) for name, value in overrides.items()}}
    try:
        return TypeAdapter(card.parameters).validate_python(values)
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0]) if first["loc"] else "parameters"
        raise UserError(f"{card.name}.{name} = {values.get(name)!r} is not valid: {first['msg']}.") from None


def changed_parameters(card: DetectorCard, preset: str, parameters: Any) -> dict[str, Any]:
    """What differs from the preset: the name of a variant on a leaderboard."""
    usual = as_json(build_parameters(card, preset, {}))
    return {name: value for name, value in as_json(parameters).items() if value != usual[name]}


def as_json(parameters: Any) -> dict[str, Any]:
    """Parameters as JSON values, for identities and records."""
    return json.loads(json.dumps(dataclasses.asdict(parameters), default=str))


def variant_name(method: str, changed: Mapping[str, Any]) -> str:
    """`mvfa`, or `mvfa[epochs=20]`."""
    inside = ", ".join(f"{name}={_text(value)}" for name, value in sorted(changed.items()))
    return f"{method}[{inside}]" if inside else method


def _untext(value: Any) -> Any:
    """Text that reads as JSON becomes what it says; `a,b` becomes a list, so that tuples can be typed without brackets."""
    if not isinstance(value, str):
        return value
    if value.lower() in ("none", "null"):
        return None
    try:
        return json.loads(value.lower() if value.lower() in ("true", "false") else value)
    except json.JSONDecodeError:
        return [_untext(part.strip()) for part in value.split(",")] if "," in value else value


def _text(value: Any) -> str:
    return "+".join(map(str, value)) if isinstance(value, list) else str(value)
