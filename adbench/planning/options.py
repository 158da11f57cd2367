"""The options of a run: one definition that the command line, Python and suites share."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from adbench.contracts.dataset import Reading
from adbench.contracts.protocol import POOLS, Protocol
from adbench.errors import UserError, did_you_mean
from adbench.files.windows import check_axis, read_window
from adbench.planning.readings import Range, read_range
from adbench.planning.suites import PRESETS, Block, check_choice, check_numbers, load_suite
from adbench.registry.parameters import Overrides, parse_set

if TYPE_CHECKING:
    from adbench.registry.cards import Registry

PRECISIONS = ("fp32", "bf16", "fp16")
KEPT = ("maps", "state")
DEFAULT_OUT = Path("adbench-run")

Names = str | Sequence[str]
Numbers = int | str | Sequence[int]
Files = Mapping[str, str | Path] | Sequence[str]
Settings = Overrides | Sequence[str]
Given = TypeVar("Given")
Kept = TypeVar("Kept")


class Converted(Generic[Given, Kept]):
    """A dataclass field that takes what people write and holds what the code uses.

    Args:
        convert: from the one to the other; leaves converted values alone.
        default: as people would write it.
    """

    def __init__(self, convert: Callable[[Given], Kept], default: Given) -> None:
        self._convert = convert
        self._default = default

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __get__(self, instance: object | None, owner: type) -> Kept:
        if instance is None:  # the dataclass asks its class for the default, and hands it to __set__
            return self._default  # type: ignore[return-value]
        return instance.__dict__[self._name]

    def __set__(self, instance: object, value: Given) -> None:
        instance.__dict__[self._name] = self._convert(value)


def split_names(names: Names) -> tuple[str, ...]:
    """`"mvfa, patchcore"`, or a list of such texts, to names."""
    parts = [names] if isinstance(names, str) else names
    return tuple(name.strip() for part in parts for name in part.split(",") if name.strip())


def numbers_of(option: str) -> Callable[[Numbers], tuple[int, ...]]:
    """A reader of `4`, `[0, 1]`, `"0,1,2"` or `"0-4"`: whole numbers, each once. Raises `UserError` that names the option."""

    def read(numbers: Numbers) -> tuple[int, ...]:
        if isinstance(numbers, int):
            return (numbers,)
        if not isinstance(numbers, str):
            return tuple(dict.fromkeys(numbers))
        found: list[int] = []
        for part in split_names(numbers):
            first, dash, last = part.partition("-")
            try:
                several = range(int(first), int(last) + 1) if dash else [int(first)]
            except ValueError:
                raise UserError(f"{option} {numbers!r} is not a list of whole numbers such as 0,1,2 or 0-4.") from None
            if not several:
                raise UserError(f"{option} {numbers!r}: the range {part} is empty, because its first number is larger.")
            found += several
        return tuple(dict.fromkeys(found))

    return read


def read_files(files: Files) -> dict[str, Path]:
    """`["NAME=PATH"]`, or a mapping, to name and file. Raises `UserError` if a file is missing."""
    if not isinstance(files, Mapping):
        pairs = [setting.partition("=") for setting in files]
        for name, equals, path in pairs:
            if not (name and equals and path):
                raise UserError(
                    f"--weights {name}{equals}{path} is not of the form NAME=PATH; `adbench weights` lists the names."
                )
        files = {name: path for name, _, path in pairs}
    found = {name: Path(path).expanduser() for name, path in files.items()}
    for name, file in found.items():
        if not file.is_file():
            what = "is a folder, not a file" if file.is_dir() else "does not exist"
            raise UserError(f"--weights {name}={file}: the file {what}.")
    return found


def read_settings(settings: Settings) -> Overrides:
    """`["METHOD.PARAM=VALUE"]`, or a mapping of mappings, to method to parameter to value."""
    return settings if isinstance(settings, Mapping) else parse_set(settings)


def _path(path: str | Path) -> Path:
    return Path(path)


def _optional_path(path: str | Path | None) -> Path | None:
    return None if path is None else Path(path)


@dataclass(frozen=True)
class RunOptions:
    """Everything that a run takes: the arguments of `adbench.run` and the options of `adbench run`, which shows these lines.

    What is None or empty comes from the suite, else is the default.

    Attributes:
        methods: names separated by commas, or all; see `adbench methods`.
        datasets: names, groups (bmad, phantoms), folder:PATH, manifest:FILE, or all (every available set).
        data_root: folder that holds the datasets.
        track: supervision: full-normal, few-normal, few-shot, zero-shot; each method's usual one by default.
        shots: images of each kind (k) in the few-* tracks, e.g. 2,4,8,16. [default: 4]
        seeds: seeds, e.g. 0,1,2 or 0-4. [default: 0]
        preset: weights and sizes: paper, or demo (tiny embedded weights). [default: demo on phantoms, else paper]
        weights: NAME=PATH of a weights file; repeatable. In Python a mapping.
        parameters: METHOD.PARAM=VALUE; repeatable. In Python a mapping of method to parameter to value.
        suite: grid to run: a TOML file, or a name of `adbench suites`.
        limit: at most this many images of each label, to try things out.
        zero_shot_pool: splits of the other sets that zero-shot learns from: valid+test, valid, or test (also called official).
        other_modalities_only: keep zero-shot from learning from sets of the target's modality.
        support_lists: folder of lists SET/K-shot.txt that name the images of the few-* tracks.
        device: where to compute: auto (a GPU if there is one), cpu, cuda or cuda:N.
        precision: of the networks: fp32, bf16 or fp16.
        batch_size: images per predict call; scores do not depend on it.
        out: the run folder; finished cells in it do not run again.
        offline: never touch the network.
        executor: how cells are run: local (one after the other in this process), or the name of one from a plugin.
        value_range: LOW:HIGH, the values that become black and white in images of more than 8 bits. [default: found over the set]
        window: what to show of CT and other DICOM values, instead of a range: lung, brain, liver, bone, mediastinum, CENTRE:WIDTH, voi or percentile.
        axis: along which axis of a volume its slices lie: 0, 1 or 2.
        mask_values: the values in masks that mark a lesion, e.g. 1,4. [default: any but 0]
        normal_names: names of folders that hold normal images, besides good, normal, ok, healthy and negative.
        rehash: read the files of all datasets again, instead of trusting their sizes and times.
        keep: what to keep besides the scores: maps, state (what was learned); repeatable. Cells without them run again.
    """

    methods: Converted[Names, tuple[str, ...]] = Converted(split_names, ())
    datasets: Converted[Names, tuple[str, ...]] = Converted(split_names, ())
    _: dataclasses.KW_ONLY
    data_root: Converted[str | Path | None, Path | None] = Converted(_optional_path, None)
    track: Converted[Names, tuple[str, ...]] = Converted(split_names, ())
    shots: Converted[Numbers, tuple[int, ...]] = Converted(numbers_of("--shots"), ())
    seeds: Converted[Numbers, tuple[int, ...]] = Converted(numbers_of("--seeds"), ())
    preset: str | None = None
    weights: Converted[Files, dict[str, Path]] = Converted(read_files, ())
    parameters: Converted[Settings, Overrides] = Converted(read_settings, ())
    suite: str | None = None
    limit: int | None = None
    zero_shot_pool: str = "valid+test"
    other_modalities_only: bool = False
    support_lists: Converted[str | Path | None, Path | None] = Converted(_optional_path, None)
    device: str = "auto"
    precision: str = "fp32"
    batch_size: int = 32
    out: Converted[str | Path, Path] = Converted(_path, DEFAULT_OUT)
    offline: bool = False
    executor: str = "local"
    value_range: Converted[str | Range | None, Range | None] = Converted(read_range, None)
    window: Converted[str, str] = Converted(read_window, "")
    axis: int = 2
    mask_values: Converted[Numbers, tuple[int, ...]] = Converted(numbers_of("--mask-values"), ())
    normal_names: Converted[Names, tuple[str, ...]] = Converted(split_names, ())
    rehash: bool = False
    keep: Converted[Names, tuple[str, ...]] = Converted(split_names, ())

    def __post_init__(self) -> None:
        check_choice("preset", self.preset, (None, *PRESETS))
        check_choice("precision", self.precision, PRECISIONS)
        check_choice("zero-shot pool", self.zero_shot_pool, (*POOLS, "official"))
        check_numbers("--", self.shots, self.seeds)
        for what in self.keep:
            check_choice("value of --keep", what, KEPT)
        check_axis(self.axis)
        if self.value_range is not None and self.window:
            raise UserError("--range and --window both say what is black and white: give one of them.")
        for name, value in (("--limit", self.limit), ("--batch-size", self.batch_size)):
            if value is not None and value < 1:
                raise UserError(f"{name} must be 1 or more.")

    @property
    def protocol(self) -> Protocol:
        """The options of the measurement, as far as these options set them."""
        return Protocol(self.zero_shot_pool, self.other_modalities_only, self.limit)  # type: ignore[arg-type]  # checked above

    @property
    def reading(self) -> Reading:
        """How the files of the sets are to be read."""
        names = frozenset(name.lower() for name in self.normal_names)
        return Reading(
            value_range=self.value_range,
            window=self.window,
            axis=self.axis,
            mask_values=frozenset(self.mask_values),
            normal_names=names,
        )

    def blocks(self, registry: Registry | None = None) -> list[Block]:
        """The grid: the suite's (looked up in `registry`) with the user's options applied, or a single block."""
        if self.suite is None:
            return [self._over(Block())]
        blocks = [self._over(block) for block in load_suite(self.suite, registry)]
        return self._picked(self.suite, blocks) if self.methods and "all" not in self.methods else blocks

    def _picked(self, suite: str, blocks: Iterable[Block]) -> list[Block]:
        """The blocks with only those of their methods that the user named."""
        named = {method for block in blocks for method in block.methods}
        for method in self.methods:
            if method not in named and "all" not in named:
                raise UserError(f"The suite {suite} has no method {method!r}.{did_you_mean(method, named)}")
        picked = []
        for block in blocks:
            kept = self.methods if "all" in block.methods else tuple(name for name in block.methods if name in self.methods)
            picked += [dataclasses.replace(block, methods=kept)] if kept else []
        return picked

    def _over(self, block: Block) -> Block:
        given: dict[str, Any] = {
            "datasets": self.datasets,
            "tracks": self.track,
            "shots": self.shots,
            "seeds": self.seeds,
            "preset": self.preset,
            "methods": self.methods if self.suite is None else (),
        }
        merged = {name: dict(values) for name, values in block.parameters.items()}
        for method, values in self.parameters.items():
            merged[method] = {**merged.get(method, {}), **values}
        return dataclasses.replace(block, **{name: value for name, value in given.items() if value}, parameters=merged)
