"""The Python API: what the command line does, returning objects."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from adbench.contracts.protocol import Protocol
from adbench.errors import UserError
from adbench.leaderboard.tables import Table, build_tables
from adbench.planning.options import DEFAULT_OUT, RunOptions, split_names
from adbench.results.record import CellRecord, ScoreTable
from adbench.results.store import RunFolder

if TYPE_CHECKING:
    import pandas as pd

    from adbench.planning.plan import Plan
    from adbench.registry.cards import Registry
    from adbench.running.executor import Reporter

Names = str | Sequence[str]


@dataclass(frozen=True)
class Run:
    """A run folder, or the part of it that one command planned.

    Attributes:
        folder: where it is kept.
        records: one a cell, finished and failed.
        plan: what was planned; None for a run opened from disk.
    """

    folder: Path
    records: list[CellRecord]
    plan: Plan | None = field(default=None, compare=False)

    @property
    def failed(self) -> list[CellRecord]:
        """The cells that failed, each with its `error`."""
        return [record for record in self.records if record.status == "failed"]

    def leaderboard(self, rank_marked: bool = False) -> list[Table]:
        """Ranked tables, one a preset, track and k, with intervals and tie groups.

        Args:
            rank_marked: rank rows marked `test-oracle` or `transductive` with the honest ones.
        """
        return leaderboard([self], rank_marked)

    def frame(self) -> pd.DataFrame:
        """One row a cell and metric: `method, variant, track, k, seed, preset, dataset, metric, value`; NaN where not measured."""
        import pandas as pd

        columns = ("method", "variant", "track", "k", "seed", "preset", "dataset")
        rows = [
            {**{name: getattr(record, name) for name in columns}, "metric": metric, "value": value}
            for record in self.records
            for metric, value in (record.metrics or {"image_auroc": None}).items()
        ]
        return pd.DataFrame(rows, columns=[*columns, "metric", "value"]).astype({"value": float})

    def scores(self, record: CellRecord) -> pd.DataFrame:
        """The per-image scores of a finished cell: `id, score, label, group`. Raises `UserError` where they cannot be read."""
        import pandas as pd

        table = RunFolder(self.folder).scores(record.id)
        return pd.DataFrame({"id": table.ids, "score": table.scores, "label": table.labels, "group": table.groups})


def run(
    methods: Names = (),
    datasets: Names = (),
    *,
    data_root: str | Path | None = None,
    track: Names = (),
    shots: int | Sequence[int] = (),
    seeds: int | Sequence[int] = (),
    preset: str | None = None,
    weights: Mapping[str, str | Path] | None = None,
    parameters: Mapping[str, Mapping[str, Any]] | None = None,
    suite: str | None = None,
    limit: int | None = None,
    zero_shot_pool: str = "valid+test",
    other_modalities_only: bool = False,
    support_lists: str | Path | None = None,
    device: str = "auto",
    precision: str = "fp32",
    batch_size: int = 32,
    out: str | Path = DEFAULT_OUT,
    offline: bool = False,
    keep: Names = (),
    executor: str = "local",
    reporter: Reporter | None = None,
) -> Run:
    """Run methods on datasets and return the figures; what `out` holds already is not computed again.

    Args:
        methods: names or `all`, as a list or separated by commas.
        datasets: names, groups or `all`, likewise.
        data_root: folder that holds the sets.
        track: of `full-normal`, `few-normal`, `few-shot`, `zero-shot`; the usual one of each method by default.
        shots: k for the few-* tracks (4 by default).
        seeds: (0 by default).
        preset: `paper` or `demo`; by default `demo` where all sets are synthetic, else `paper`.
        weights: weights name to file.
        parameters: method to parameter to value.
        suite: a TOML file, or the name of a suite that a plugin brings.
        limit: at most so many images of each label in train, valid and test.
        zero_shot_pool: splits of the other sets that zero-shot detectors learn from: `valid+test`, `valid`, or `test`, which
            is also called `official`.
        other_modalities_only: keep sets of the target's modality out of that.
        support_lists: folder of lists that name the images of the few-* tracks, as released with MVFA.
        device: `auto`, `cpu`, `cuda` or `cuda:N`.
        precision: `fp32`, `bf16` or `fp16`.
        batch_size: images a predict call; scores do not depend on it.
        out: the run folder.
        offline: never touch the network.
        keep: besides the scores also `maps` and `state`; a finished cell that lacks them is measured again.
        executor: how cells are run: `local` (one after the other in this process), or the name of one that a plugin brings.
        reporter: hears how the run goes.

    Raises:
        UserError: anything that the caller can mend. A cell that fails does not raise: see `Run.failed`.
    """
    options = RunOptions(
        methods=_split(methods),
        datasets=_split(datasets),
        data_root=None if data_root is None else Path(data_root),
        tracks=_split(track),
        shots=_integers(shots),
        seeds=_integers(seeds),
        preset=preset,
        weights={name: Path(path) for name, path in (weights or {}).items()},
        parameters=parameters or {},
        suite=suite,
        device=device,
        precision=precision,
        batch_size=batch_size,
        out=Path(out),
        offline=offline,
        keep=_split(keep),
        executor=executor,
        support_lists=None if support_lists is None else Path(support_lists),
        protocol=Protocol(zero_shot_pool, other_modalities_only, limit),  # type: ignore[arg-type]
    )
    from adbench.registry.cards import load_registry

    registry = load_registry()
    return execute_plan(plan(options, registry), options, registry, reporter)


def plan(options: RunOptions, registry: Registry) -> Plan:
    """What `run` would do. Raises `UserError` where nothing can be run."""
    from adbench.planning.plan import make_plan

    planned = make_plan(registry, options, options.blocks(registry))
    if not planned.cells:
        reasons = "; ".join(f"{what}: {why}" for what, why in planned.skipped)
        raise UserError(f"Nothing can be run. {reasons}".strip())
    return planned


def execute_plan(planned: Plan, options: RunOptions, registry: Registry, reporter: Reporter | None = None) -> Run:
    """Run the cells of a plan that its folder lacks."""
    from adbench.running.executor import Reporter, execute
    from adbench.running.session import open_session

    executor = registry.executor(options.executor)
    session = open_session(registry, options, planned)
    folder = RunFolder.create(options.out)
    records = execute(planned, session, folder, reporter or Reporter(), executor)
    return Run(options.out, records, planned)


def open_run(folder: str | Path) -> Run:
    """A run folder as it is on disk. Raises `UserError` where it is none."""
    return Run(Path(folder), list(RunFolder.open(Path(folder)).records()))


def merged(runs: Iterable[Run]) -> dict[str, tuple[Path, CellRecord]]:
    """Id to run folder and record of each cell. Of one that several runs hold, the last that is finished counts."""
    homes: dict[str, tuple[Path, CellRecord]] = {}
    for run in runs:
        for record in run.records:
            if record.status == "done" or record.id not in homes:
                homes[record.id] = (run.folder, record)
    return homes


def leaderboard(runs: Iterable[Run], rank_marked: bool = False) -> list[Table]:
    """Ranked tables over several runs; a cell that more than one holds counts once. See `Run.leaderboard`."""
    homes = merged(runs)

    def kept(record: CellRecord) -> ScoreTable | None:
        try:
            return RunFolder(homes[record.id][0]).scores(record.id)
        except UserError:  # the figures stay, without a test
            return None

    return build_tables([record for _, record in homes.values()], kept, rank_marked)


def _split(names: Names) -> tuple[str, ...]:
    return split_names(names) if isinstance(names, str) else tuple(part.strip() for part in names if part.strip())


def _integers(values: int | Sequence[int]) -> tuple[int, ...]:
    return (values,) if isinstance(values, int) else tuple(values)
