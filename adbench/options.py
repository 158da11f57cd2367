"""What a user can ask of a run, the same for the command line, Python and suites in TOML."""

from __future__ import annotations

import dataclasses
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal

from adbench.dataset import Split
from adbench.errors import UserError, did_you_mean
from adbench.protocol import PROTOCOL_VERSION
from adbench.supportlists import SupportList

Pool = Literal["valid+test", "test", "valid"]
POOLS: dict[str, tuple[Split, ...]] = {"valid+test": ("valid", "test"), "test": ("test",), "valid": ("valid",)}
OFFICIAL_POOL: Pool = "test"
PRESETS = ("paper", "demo")
PRECISIONS = ("fp32", "bf16", "fp16")
KEPT = ("maps", "state")
DEFAULT_OUT = Path("adbench-run")


@dataclass(frozen=True)
class Protocol:
    """What is measured, besides who is measured on what. Part of every cell's identity.

    Attributes:
        pool: which splits of the other sets zero-shot detectors learn from; `official` is another name of `test`, which
            the released MVFA uses.
        other_modalities_only: keep sets of the target's modality out of that.
        limit: at most so many images of each label in train, valid and test; None = all.
        support_list: the images that a few-* cell learns from, where the user gave lists; None = drawn by the seed. Set
            by the plan.
    """

    pool: Pool = "valid+test"
    other_modalities_only: bool = False
    limit: int | None = None
    version: str = PROTOCOL_VERSION
    support_list: SupportList | None = None

    def __post_init__(self) -> None:
        if self.pool == "official":
            object.__setattr__(self, "pool", OFFICIAL_POOL)

    def identity(self) -> dict[str, Any]:
        """The values as they enter a cell's identity; without a support list there is no such key."""
        values = asdict(self)
        return values if self.support_list else {name: value for name, value in values.items() if name != "support_list"}


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


@dataclass(frozen=True)
class RunOptions:
    """Everything that `adbench run` takes. None or empty: the suite's value, else the default.

    Attributes:
        methods, datasets: names, groups and `all`.
        data_root: folder that holds the sets.
        tracks: empty = the usual track of each method.
        shots: values of k for the few-* tracks; empty = 4.
        seeds: empty = 0.
        preset: `paper`, `demo`, or None: `demo` where all sets are synthetic, else `paper`.
        weights: weights name to file.
        parameters: method to parameter to value.
        suite: a TOML file, or the name of a suite that comes with adbench.
        device: `auto` (a GPU when there is one), `cpu`, `cuda` or `cuda:N`.
        out: the run folder.
        offline: never touch the network.
        batch_size: images a predict call; scores do not depend on it.
        keep: of `maps` (the anomaly maps, `maps.npz`) and `state` (what each detector learned, `state.safetensors`).
        support_lists: folder of lists that name the images of the few-* tracks; see `adbench.supportlists`.
    """

    methods: tuple[str, ...] = ()
    datasets: tuple[str, ...] = ()
    data_root: Path | None = None
    tracks: tuple[str, ...] = ()
    shots: tuple[int, ...] = ()
    seeds: tuple[int, ...] = ()
    preset: str | None = None
    weights: Mapping[str, Path] = field(default_factory=dict)
    parameters: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    suite: str | None = None
    device: str = "auto"
    precision: str = "fp32"
    out: Path = DEFAULT_OUT
    offline: bool = False
    batch_size: int = 32
    keep: tuple[str, ...] = ()
    support_lists: Path | None = None
    protocol: Protocol = field(default_factory=Protocol)

    def __post_init__(self) -> None:
        _one_of("preset", self.preset, (None, *PRESETS))
        _one_of("precision", self.precision, PRECISIONS)
        _one_of("zero-shot pool", self.protocol.pool, (*POOLS, "official"))
        _check_numbers("--", self.shots, self.seeds)
        for what in self.keep:
            _one_of("thing to keep", what, KEPT)
        if self.protocol.limit is not None and self.protocol.limit < 1:
            raise UserError("--limit must be 1 or more.")

    def blocks(self) -> list[Block]:
        """The grid: that of the suite with what the user gave put over it, or a single block."""
        if self.suite is None:
            return [self._over(Block())]
        blocks = [self._over(block) for block in load_suite(self.suite)]
        if self.methods and "all" not in self.methods:
            named = {method for block in blocks for method in block.methods}
            for method in self.methods:
                if method not in named and "all" not in named:
                    raise UserError(f"The suite {self.suite} has no method {method!r}.{did_you_mean(method, named)}")
            blocks = [dataclasses.replace(block, methods=kept) for block in blocks if (kept := self._picked(block.methods))]
        return blocks

    def _picked(self, methods: tuple[str, ...]) -> tuple[str, ...]:
        """Those of a block's methods that the user named."""
        return self.methods if "all" in methods else tuple(method for method in methods if method in self.methods)

    def _over(self, block: Block) -> Block:
        given = {name: getattr(self, name) for name in ("datasets", "tracks", "shots", "seeds", "preset") if getattr(self, name)}
        if self.suite is None and self.methods:
            given["methods"] = self.methods
        merged = {name: dict(values) for name, values in block.parameters.items()}
        for method, values in self.parameters.items():
            merged[method] = {**merged.get(method, {}), **values}
        return dataclasses.replace(block, **given, parameters=merged)


def split_names(text: str) -> tuple[str, ...]:
    """`"mvfa, patchcore"` to its names."""
    return tuple(part.strip() for part in text.split(",") if part.strip())


SUITE_KEYS = ("title", "description", "grid", "datasets", "seeds", "preset")
BLOCK_KEYS = ("methods", "datasets", "tracks", "shots", "seeds", "preset", "set")


def suite_files() -> dict[str, Any]:
    """Suites that come with adbench: name to file."""
    folder = files("adbench") / "suites"
    if not folder.is_dir():  # a checkout: the wheel carries benchmarks/suites inside the package
        folder = Path(__file__).parent.parent / "benchmarks" / "suites"
    found = [file for file in folder.iterdir() if file.name.endswith(".toml")] if folder.is_dir() else []
    return {file.name.removesuffix(".toml"): file for file in sorted(found, key=lambda file: file.name)}


def read_suite(name: str) -> dict[str, Any]:
    """The TOML of a suite, by file or by name, with its keys checked."""
    known = suite_files()
    file = known[name] if name in known else Path(name)
    if not file.is_file():
        raise UserError(f"There is no suite file {name!r}.{did_you_mean(name, known)}")
    try:
        suite = tomllib.loads(file.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UserError(f"The suite {name} is not valid TOML: {error}.") from error
    _known_keys(name, suite, SUITE_KEYS)
    if not isinstance(suite.get("grid"), list) or not suite["grid"]:
        raise UserError(f"The suite {name} has no [[grid]] table: it needs at least one with `methods`.")
    for block in suite["grid"]:
        _known_keys(f"{name} [[grid]]", block, BLOCK_KEYS)
        if not block.get("methods"):
            raise UserError(f"A [[grid]] of the suite {name} gives no `methods`.")
    return suite


def load_suite(name: str) -> list[Block]:
    """The blocks of a suite; `datasets`, `seeds` and `preset` at the top serve all of them."""
    suite = read_suite(name)
    shared: dict[str, Any] = {key: suite[key] for key in ("datasets", "seeds", "preset") if key in suite}
    return [_block(name, {**shared, **grid}) for grid in suite["grid"]]


def _block(suite: str, values: dict[str, Any]) -> Block:
    from pydantic import TypeAdapter, ValidationError

    parameters = values.pop("set", {})
    try:
        block = TypeAdapter(Block).validate_python({**values, "parameters": parameters})
    except ValidationError as error:
        first = error.errors()[0]
        message = first["msg"].replace("tuple", "list")  # which TOML knows
        raise UserError(f"The suite {suite}: `{'.'.join(map(str, first['loc']))}`: {message}.") from None
    _one_of("preset", block.preset, (None, *PRESETS))
    _check_numbers(f"The suite {suite}: ", block.shots, block.seeds)
    for method in block.parameters:
        if method not in block.methods and "all" not in block.methods:
            hint = did_you_mean(method, block.methods)
            raise UserError(f"The suite {suite} sets parameters of {method!r}, which that [[grid]] does not run.{hint}")
    return block


def _known_keys(where: str, table: Mapping[str, Any], keys: Iterable[str]) -> None:
    for key in table:
        if key not in keys:
            raise UserError(f"The suite {where} has an unknown key {key!r}.{did_you_mean(key, keys)}")


def _check_numbers(where: str, shots: Iterable[int], seeds: Iterable[int]) -> None:
    for name, values, least in (("shots", shots, 1), ("seeds", seeds, 0)):
        if any(value < least for value in values):
            raise UserError(f"{where}{name} must be {least} or more.")


def _one_of(what: str, value: str | None, known: tuple[str | None, ...]) -> None:
    if value not in known:
        names = [name for name in known if name]
        raise UserError(f"Unknown {what} {value!r}.{did_you_mean(str(value), names)}")
