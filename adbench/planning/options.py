"""What a user can ask of a run, the same for the command line, Python and suites in TOML."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from adbench.contracts.protocol import POOLS, Protocol
from adbench.errors import UserError, did_you_mean
from adbench.planning.suites import PRESETS, Block, check_choice, check_numbers, load_suite
from adbench.registry.cards import Registry

PRECISIONS = ("fp32", "bf16", "fp16")
KEPT = ("maps", "state")
DEFAULT_OUT = Path("adbench-run")


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
        suite: a TOML file, or the name of a suite that a plugin brings.
        device: `auto` (a GPU when there is one), `cpu`, `cuda` or `cuda:N`.
        out: the run folder.
        offline: never touch the network.
        batch_size: images a predict call; scores do not depend on it.
        keep: of `maps` (the anomaly maps, `maps.npz`) and `state` (what each detector learned, `state.safetensors`).
        support_lists: folder of lists that name the images of the few-* tracks; see `adbench.planning.supportlists`.
        executor: how cells are run: `local`, or the name of one that a plugin brings.
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
    executor: str = "local"
    protocol: Protocol = field(default_factory=Protocol)

    def __post_init__(self) -> None:
        check_choice("preset", self.preset, (None, *PRESETS))
        check_choice("precision", self.precision, PRECISIONS)
        check_choice("zero-shot pool", self.protocol.pool, (*POOLS, "official"))
        check_numbers("--", self.shots, self.seeds)
        for what in self.keep:
            check_choice("thing to keep", what, KEPT)
        if self.protocol.limit is not None and self.protocol.limit < 1:
            raise UserError("--limit must be 1 or more.")

    def blocks(self, registry: Registry | None = None) -> list[Block]:
        """The grid: that of the suite (looked up in `registry`) with what the user gave put over it, or a single block."""
        if self.suite is None:
            return [self._over(Block())]
        blocks = [self._over(block) for block in load_suite(self.suite, registry)]
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
