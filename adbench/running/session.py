"""The session: what all cells of a run share."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from adbench.contestant.landlock import held as landlock_is_there
from adbench.contracts.dataset import Dataset
from adbench.contracts.metric import MetricCard
from adbench.data.maskmemory import MaskMemory
from adbench.data.splits import folder_of
from adbench.errors import UserError
from adbench.planning.options import RunOptions
from adbench.planning.plan import Plan
from adbench.registry.cards import Registry
from adbench.running import environment
from adbench.running.conduct import Conduct
from adbench.running.watch import Limits
from adbench.weights.resolver import WeightsResolver


@dataclass(frozen=True)
class Session:
    """What the cells of a run share.

    Attributes:
        device: where the next cell computes.
        metrics: those of plugins.
        out: the run folder; None where there is none.
        conduct: how cells are run.
        masks: resized masks, for all cells.
    """

    datasets: dict[str, Dataset]
    weights: WeightsResolver
    device: str
    precision: Any
    batch_size: int
    keep: tuple[str, ...]
    environment: dict[str, Any]
    metrics: list[MetricCard] = field(default_factory=list)
    data_root: Path | None = None
    out: Path | None = None
    conduct: Conduct = field(default_factory=Conduct)
    masks: MaskMemory = field(default_factory=MaskMemory, compare=False)

    @property
    def hidden(self) -> list[Path]:
        """Folders of data and results, of which a contestant must not hear."""
        folders = [self.data_root, self.out, *map(folder_or_none, self.datasets.values())]
        return [folder.absolute() for folder in dict.fromkeys(folders) if folder]


def open_session(registry: Registry, options: RunOptions, plan: Plan) -> Session:
    """Check devices and limits, and build what cells share. Raises `UserError` for what is not to be had here."""
    _check_conduct(options)
    devices = environment.choose_devices(options.device)
    if "cpu" in devices and options.precision == "fp16":
        raise UserError("--precision fp16 needs a GPU: use fp32 or bf16 on a CPU.")
    described = environment.describe(devices[0])
    modules = tuple(dict.fromkeys(cell.detector.factory.partition(":")[0] for cell in plan.cells))
    return Session(
        datasets=plan.datasets,
        weights=WeightsResolver(registry.weights, given=options.weights, offline=options.offline),
        device=devices[0],
        precision=options.precision,
        batch_size=options.batch_size,
        keep=options.keep,
        environment=described,
        metrics=registry.metrics.brought,
        data_root=options.data_root,
        out=options.out,
        conduct=Conduct(
            devices=devices,
            workers=options.workers,
            limits=Limits(options.cell_timeout, options.memory_limit),
            retries=options.retries,
            sandbox=options.sandbox,
            modules=modules,
            packages=tuple(_packages(modules)),
            threads=described["threads"],
        ),
    )


def _check_conduct(options: RunOptions) -> None:
    """Raise `UserError` for what nothing here would hold a cell to."""
    if options.sandbox == "required" and not (landlock_is_there() and options.executor != "inline"):
        raise UserError("--sandbox required: it takes Linux with Landlock (5.13 or newer), and not --executor inline.")
    if options.memory_limit and not sys.platform.startswith("linux"):
        raise UserError("--memory-limit needs Linux, which tells what a process holds: leave it out here.")
    if options.executor == "inline" and (options.memory_limit or options.cell_timeout or options.workers > 1):
        raise UserError("--memory-limit, --cell-timeout and --workers need processes: leave them or --executor inline out.")


def folder_or_none(dataset: Dataset) -> Path | None:
    """Where a set on disk lies."""
    try:
        return folder_of(dataset)
    except Exception:  # a plugin that cannot list its images is named elsewhere
        return None


def _packages(modules: Iterable[str]) -> list[str]:
    """The folders of these modules' packages, which need not lie on Python's path: editable installs have finders of their own."""
    found: list[str] = []
    for name in dict.fromkeys(["adbench", *(module.partition(".")[0] for module in modules)]):
        try:
            spec = importlib.util.find_spec(name)
        except (ImportError, ValueError):
            continue
        if spec:
            found += spec.submodule_search_locations or ([spec.origin] if spec.origin else [])
    return found
