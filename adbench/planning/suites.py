"""Suites: named grids in TOML."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from adbench.errors import UserError, did_you_mean
from adbench.files.untrusted import read_text
from adbench.registry.cards import Registry, load_registry

LARGEST = 1 << 20  # bytes
SEEDS = 1 << 32  # NumPy's generators take no larger seed
PRESETS = ("paper", "demo")


@dataclass(frozen=True)
class Block:
    """A part of a grid: every method on every dataset, in every track with every seed."""

    methods: tuple[str, ...] = ()
    datasets: tuple[str, ...] = ("all",)
    tracks: tuple[str, ...] = ()
    shots: tuple[int, ...] = ()
    seeds: tuple[int, ...] = (0,)
    preset: str | None = None
    parameters: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


SUITE_KEYS = ("title", "description", "grid", "datasets", "seeds", "preset")
BLOCK_KEYS = ("methods", "datasets", "tracks", "shots", "seeds", "preset", "set")


def suite_files(registry: Registry | None = None) -> dict[str, Path]:
    """The suites of the plugins: name to file. None: of all installed plugins."""
    return {name: card.file for name, card in (registry or load_registry()).suites.items()}


def read_suite(name: str, registry: Registry | None = None) -> dict[str, Any]:
    """The TOML of a suite, by file or by name, with its keys checked."""
    known = suite_files(registry)
    file = known[name] if name in known else Path(name)
    if not file.exists():
        raise UserError(f"There is no suite file {name!r}.{did_you_mean(name, known)}")
    try:
        suite = tomllib.loads(read_text(file, LARGEST))
    except OSError as error:
        raise UserError(f"The suite {name} cannot be read: {error.strerror}.") from error
    except ValueError as error:
        raise UserError(f"The suite {name} is not valid TOML: {error}.") from error
    except RecursionError:
        raise UserError(f"The suite {name} is not valid TOML: it is nested too deep.") from None
    _known_keys(name, suite, SUITE_KEYS)
    if not isinstance(suite.get("grid"), list) or not suite["grid"]:
        raise UserError(f"The suite {name} has no [[grid]] table: it needs at least one with `methods`.")
    for block in suite["grid"]:
        if not isinstance(block, dict):
            raise UserError(f"The suite {name} has a grid that is no table: write [[grid]], and `methods` below it.")
        _known_keys(f"{name} [[grid]]", block, BLOCK_KEYS)
        if not block.get("methods"):
            raise UserError(f"A [[grid]] of the suite {name} has no `methods`.")
        if not isinstance(block["methods"], list) or not all(isinstance(method, str) for method in block["methods"]):
            raise UserError(f'The suite {name}: `methods`: Input should be a valid list of names, such as ["mvfa"].')
    return suite


def load_suite(name: str, registry: Registry | None = None) -> list[Block]:
    """The blocks of a suite; `datasets`, `seeds` and `preset` at the top apply to all of them."""
    suite = read_suite(name, registry)
    shared: dict[str, Any] = {key: suite[key] for key in ("datasets", "seeds", "preset") if key in suite}
    return [_block(name, {**shared, **grid}) for grid in suite["grid"]]


def _block(suite: str, values: dict[str, Any]) -> Block:
    from pydantic import TypeAdapter, ValidationError

    parameters = values.pop("set", {})
    try:
        block = TypeAdapter(Block).validate_python({**values, "parameters": parameters})
    except ValidationError as error:
        first = error.errors()[0]
        message = first["msg"].replace("tuple", "list")  # TOML has no tuples
        raise UserError(f"The suite {suite}: `{'.'.join(map(str, first['loc']))}`: {message}.") from None
    check_choice("preset", block.preset, (None, *PRESETS))
    check_numbers(f"The suite {suite}: ", block.shots, block.seeds)
    for method in block.parameters:
        if method not in block.methods and "all" not in block.methods:
            hint = did_you_mean(method, block.methods)
            raise UserError(f"The suite {suite} sets parameters of {method!r}, which that [[grid]] does not run.{hint}")
    return block


def _known_keys(where: str, table: Mapping[str, Any], keys: Iterable[str]) -> None:
    for key in table:
        if key not in keys:
            raise UserError(f"The suite {where} has an unknown key {key!r}.{did_you_mean(key, keys)}")


def check_numbers(where: str, shots: Iterable[int], seeds: Iterable[int]) -> None:
    """Raise `UserError` for a k below 1, or a seed that no generator takes; `where` begins the sentence."""
    for name, values, least in (("shots", shots, 1), ("seeds", seeds, 0)):
        if any(value < least for value in values):
            raise UserError(f"{where}{name} must be {least} or more.")
    if any(seed >= SEEDS for seed in seeds):
        raise UserError(f"{where}seeds must be less than {SEEDS}.")


def check_choice(what: str, value: str | None, known: tuple[str | None, ...]) -> None:
    """Raise `UserError` if `value` is not in `known`."""
    if value not in known:
        names = [name for name in known if name]
        raise UserError(f"Unknown {what} {value!r}.{did_you_mean(str(value), names)}")
