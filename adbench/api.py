"""The Python API: what the command line does, returning objects."""

from __future__ import annotations

import functools
import inspect
import warnings
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, ParamSpec

from adbench.errors import UserError
from adbench.leaderboard.material import gather
from adbench.leaderboard.tables import Table
from adbench.planning.options import RunOptions
from adbench.results.record import CellRecord
from adbench.results.store import RunFolder

if TYPE_CHECKING:
    import pandas as pd

    from adbench.planning.plan import Plan
    from adbench.registry.cards import Registry
    from adbench.running.executor import Reporter

P = ParamSpec("P")


@dataclass(frozen=True)
class Run:
    """A run folder, or the part of it that one command planned.

    Attributes:
        folder: where it is stored.
        records: one per cell, finished or failed.
        plan: what was planned; None for a run opened from disk.
        unreadable: a sentence for each cell on disk that is not in `records` because its record cannot be read.
    """

    folder: Path
    records: list[CellRecord]
    plan: Plan | None = field(default=None, compare=False)
    unreadable: list[str] = field(default_factory=list)

    @property
    def failed(self) -> list[CellRecord]:
        """The cells that failed, each with its `error`."""
        return [record for record in self.records if record.status == "failed"]

    def leaderboard(self, rank_marked: bool = False) -> list[Table]:
        """Ranked tables, one per preset, track and k, with intervals and tie groups.

        Args:
            rank_marked: also rank the rows marked `test-oracle` or `transductive`.
        """
        return leaderboard([self], rank_marked)

    def frame(self) -> pd.DataFrame:
        """One row per cell and metric: `method, variant, track, k, seed, preset, dataset, metric, value`; NaN where not measured."""
        import pandas as pd

        columns = ("method", "variant", "track", "k", "seed", "preset", "dataset")
        rows = [
            {**{name: getattr(record, name) for name in columns}, "metric": metric, "value": value}
            for record in self.records
            for metric, value in (record.metrics or {"image_auroc": None}).items()
        ]
        return pd.DataFrame(rows, columns=[*columns, "metric", "value"]).astype({"value": float})

    def scores(self, record: CellRecord) -> pd.DataFrame:
        """The per-image scores of a finished cell: `id, score, label, group, type, site`, the last three missing where unknown.

        Raises:
            UserError: they cannot be read.
        """
        import pandas as pd

        table = RunFolder(self.folder).scores(record.id)
        known = {"group": table.groups, "type": table.types, "site": table.sites}
        return pd.DataFrame({"id": table.ids, "score": table.scores, "label": table.labels, **known})


def _taking(options: Callable[P, RunOptions]) -> Callable[[Callable[[RunOptions], Run]], Callable[P, Run]]:
    """Give a function the fields of `RunOptions` as its arguments, so that they are defined in one place."""

    def decorated(function: Callable[[RunOptions], Run]) -> Callable[P, Run]:
        @functools.wraps(function)
        def called(*args: P.args, **kwargs: P.kwargs) -> Run:
            return function(options(*args, **kwargs))

        called.__signature__ = inspect.signature(options)  # type: ignore[attr-defined]
        return called

    return decorated


@_taking(RunOptions)
def run(options: RunOptions) -> Run:
    """Run methods on datasets and return the figures; cells that the run folder already holds are not run again.

    It takes the arguments of `adbench.RunOptions`: `adbench.run("mvfa,patchcore", "bmad", data_root="/data", seeds=[0, 1])`.

    Raises:
        UserError: anything that the caller can fix. A cell that fails does not raise: see `Run.failed`.
    """
    from adbench.registry.cards import load_registry

    registry = load_registry()
    return execute_plan(plan(options, registry), options, registry)


def plan(options: RunOptions, registry: Registry) -> Plan:
    """What `run` would do. Raises `UserError` if nothing can be run."""
    from adbench.files.stamps import forget_facts
    from adbench.planning.plan import make_plan

    if options.rehash:
        forget_facts()
    planned = make_plan(registry, options, options.blocks(registry))
    if not planned.cells:
        reasons = "; ".join(f"{what}: {why}" for what, why in planned.skipped)
        raise UserError(f"Nothing can be run. {reasons}".strip())
    return planned


def execute_plan(planned: Plan, options: RunOptions, registry: Registry, reporter: Reporter | None = None) -> Run:
    """Run the cells of a plan that are not in its folder yet."""
    from adbench.running.executor import Reporter, execute
    from adbench.running.session import open_session

    executor = registry.executor(options.executor)
    session = open_session(registry, options, planned)
    folder = RunFolder.create(options.out)
    records = execute(planned, session, folder, reporter or Reporter(), executor)
    return Run(options.out, records, planned)


def open_run(folder: str | Path) -> Run:
    """A run folder as it is on disk.

    A cell whose record cannot be read is left out with a warning, see `Run.unreadable`. A failed cell is left out if the
    same cell finished later, once its weights or data were there.

    Raises:
        UserError: the folder is not a run folder, or was written by a newer adbench.
    """
    run = read_run(Path(folder))
    for sentence in run.unreadable:
        warnings.warn(sentence, stacklevel=2)
    return run


def read_run(folder: Path) -> Run:
    """`open_run` without its warnings."""
    contents = RunFolder.open(folder).contents()
    return Run(folder, contents.records, unreadable=contents.unreadable)


def leaderboard(runs: Iterable[Run], rank_marked: bool = False) -> list[Table]:
    """Ranked tables over several runs; a cell found in more than one counts once. See `Run.leaderboard`."""
    return list(gather(list(runs), rank_marked).tables)
