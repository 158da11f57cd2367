"""Parameters of a method: presets, `--set METHOD.PARAM=VALUE`, validation by the dataclass's annotations."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, get_type_hints

from adbench.contracts.detector import DetectorCard
from adbench.errors import UserError, did_you_mean

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

    adapter, problem = TypeAdapter(wanted), None
    for candidate in _readings(value):
        try:
            return adapter.validate_python(candidate)
        except ValidationError as error:
            problem = problem or error
    message = problem.errors()[0]["msg"] if problem else ""
    raise UserError(f"{where} = {value!r} is not valid: {message}.")


def _readings(value: Any) -> Iterator[Any]:
    """What a text may mean, the literal reading first: `5` is a string, then a number, then a tuple of one."""
    yield value
    if isinstance(value, str):
        parts = [_scalar(part.strip()) for part in value.split(",")]
        yield from (*parts[:1], parts) if len(parts) == 1 else (parts,)


def _scalar(text: str) -> Any:
    return None if text.lower() in ("none", "null") else text


def _text(value: Any) -> str:
    return "+".join(map(str, value)) if isinstance(value, list) else str(value)
