"""Executors: whatever one does, each cell gets one record, in the order of the plan, and what was measured is kept."""

from __future__ import annotations

import pickle
from importlib.metadata import EntryPoint
from pathlib import Path

import executors
import numpy as np
import pytest
from toyplugin import entry_point

from adbench import UserError, api
from adbench.planning.options import RunOptions
from adbench.registry.cards import load_registry
from adbench.registry.loading import load_plugins
from adbench.results.record import CellRecord
from adbench.results.store import RunFolder
from adbench.running.executor import Reporter
from adbench.running.job import CellJob
from adbench.running.session import open_session

REGISTRY = load_registry(load_plugins([entry_point(), EntryPoint("executors", "executors", "adbench")]))
TIMES = {"started", "seconds", "cost", "peak_memory_mb", "error"}


class Counter(Reporter):
    """What was heard."""

    def __init__(self) -> None:
        self.heard: list[str] = []

    def cell_started(self, cell, position: int, total: int) -> None:
        self.heard.append(f"{position} of {total}")

    def cell_ended(self, record: CellRecord, kept: bool) -> None:
        self.heard.append(f"{record.dataset} {record.status}{' kept' if kept else ''}")


def toy_run(out: Path, executor: str, methods: str = "peak", reporter: Reporter | None = None, **options) -> api.Run:
    asked = RunOptions(methods=tuple(methods.split(",")), datasets=("toys",), out=out, device="cpu", executor=executor, **options)
    return api.execute_plan(api.plan(asked, REGISTRY), asked, REGISTRY, reporter)


def without_times(record: CellRecord) -> dict[str, object]:
    return {name: value for name, value in vars(record).items() if name not in TIMES}


@pytest.mark.slow
@pytest.mark.parametrize("executor", executors.GOOD)
def test_results_are_those_of_local(tmp_path: Path, executor: str) -> None:
    options = {"track": ("few-normal", "zero-shot"), "keep": ("maps", "state"), "methods": "peak,crash"}
    ours, theirs = (toy_run(tmp_path / name, name, **options) for name in ("local", executor))
    assert [without_times(record) for record in ours.records] == [without_times(record) for record in theirs.records]
    for record in ours.records:
        if record.status == "done":
            one, other = (RunFolder(run.folder).scores(record.id) for run in (ours, theirs))
            assert one.scores.tobytes() == other.scores.tobytes()
            files = [run.folder / "cells" / record.id / "maps.npz" for run in (ours, theirs)]
            first, second = (np.load(file, allow_pickle=False)["maps"] for file in files)
            assert first.tobytes() == second.tobytes()


@pytest.mark.parametrize(("executor", "message"), executors.FAULTY.items())
def test_a_faulty_executor_loses_no_cell_that_ended(tmp_path: Path, executor: str, message: str) -> None:
    run = toy_run(tmp_path / "run", executor)
    assert [record.dataset for record in run.records] == ["toy-a", "toy-b", "toy-plain"]
    done = [] if executor == "exits" else ["toy-a"]
    assert [record.dataset for record in run.records if record.status == "done"] == done
    assert {record.error["message"] for record in run.failed} == {message}
    again = toy_run(tmp_path / "run", "local")
    assert again.failed == []
    assert [record.started for record in again.records[: len(done)]] == [r.started for r in run.records[: len(done)]]


def test_executors_are_handed_only_what_is_missing(tmp_path: Path) -> None:
    toy_run(tmp_path / "run", "raises")
    counter = Counter()
    toy_run(tmp_path / "run", "backwards", reporter=counter)
    assert counter.heard == ["1 of 3", "toy-a done kept", "2 of 3", "3 of 3", "toy-plain done", "toy-b done"]


def test_an_executor_that_is_unknown_or_absent_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="Unknown executor 'locl'. Did you mean 'local'"):
        toy_run(tmp_path / "run", "locl")
    with pytest.raises(UserError, match="The executor absent cannot be loaded from executors:absent"):
        toy_run(tmp_path / "run", "absent")


@pytest.mark.parametrize("weights", ["", "no-such-weights"], ids=["outcome", "failure beforehand"])
def test_a_folder_that_cannot_be_written_is_not_the_executors_fault(tmp_path: Path, monkeypatch, weights: str) -> None:
    def full(*_: object) -> None:
        raise UserError("Cannot write the run folder: no space left.")

    monkeypatch.setattr(RunFolder, "write", full)
    with pytest.raises(UserError, match=r"^Cannot write the run folder: no space left\.$"):
        toy_run(tmp_path / "run", "backwards", parameters={"peak": {"weights": weights}})


def test_a_job_takes_no_dataset_along_and_finds_it_again() -> None:
    asked = RunOptions(methods=("peak",), datasets=("toys",), track=("zero-shot",), device="cpu")
    planned = api.plan(asked, REGISTRY)
    job = CellJob(planned.cells[0], open_session(REGISTRY, asked, planned), {**vars(planned.cells[0]), "method": "peak"})
    sent = pickle.loads(pickle.dumps(job))
    assert sent.session.datasets == {}
    assert set(sent.sources) == {"toy-a", "toy-b", "toy-plain"}  # zero-shot learns from the others
    assert pickle.loads(pickle.dumps(sent)).sources == sent.sources
