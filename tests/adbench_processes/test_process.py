"""Every cell in a process of its own: the same results, and a crash that costs one cell."""

from __future__ import annotations

import json
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest
from toyplugin import entry_point

import adbench_processes
from adbench import api
from adbench.planning.options import RunOptions
from adbench.registry.cards import load_registry
from adbench.registry.loading import load_plugins
from adbench.results.store import RunFolder

pytestmark = [pytest.mark.slow, pytest.mark.isolated]
ENTRIES = [entry_point(), *(EntryPoint(name, name, "adbench") for name in ("crashers", "adbench_processes", "adbench_clinical"))]
TIMES = {"started", "seconds", "cost", "peak_memory_mb"}
CRASHES = {
    "segfault": "The method's process was ended by SIGSEGV (a segmentation fault) before the cell was measured.",
    "leaves": "The method's process left with exit code 0 before the cell was measured.",
    "exits": "The method's process left with exit code 3 before the cell was measured.",
    "stays": "The cell cannot be sent to its own process: ",
}


def run(out: Path, executor: str, methods: tuple[str, ...], datasets: tuple[str, ...], **options) -> api.Run:
    registry = load_registry(load_plugins(ENTRIES))
    asked = RunOptions(methods=methods, datasets=datasets, out=out, device="cpu", executor=executor, **options)
    return api.execute_plan(api.plan(asked, registry), asked, registry)


def test_results_are_those_of_local_bit_for_bit(tmp_path: Path) -> None:
    options = {"track": ("few-normal", "zero-shot"), "keep": ("maps", "state")}
    ours, theirs = (run(tmp_path / name, name, ("peak",), ("toy-a", "toy-b"), **options) for name in ("local", "process"))
    assert theirs.failed == []
    assert len(ours.records) == 4
    for one, other in zip(ours.records, theirs.records, strict=True):
        known = [json.loads(record.to_json()) for record in (one, other)]
        assert {**known[0], **dict.fromkeys(TIMES, 0)} == {**known[1], **dict.fromkeys(TIMES, 0)}
        scores = [RunFolder(made.folder).scores(one.id).scores for made in (ours, theirs)]
        assert scores[0].tobytes() == scores[1].tobytes()
        for name in ("maps.npz", "scores.parquet"):
            files = [made.folder / "cells" / one.id / name for made in (ours, theirs)]
            assert files[0].read_bytes() == files[1].read_bytes()


def test_a_crash_costs_one_cell(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    found = run(tmp_path / "run", "process", (*CRASHES, "peak"), ("toy-a",))
    assert [record.status for record in found.records] == ["failed"] * len(CRASHES) + ["done"]
    for record in found.failed:
        assert record.error is not None
        assert record.error["message"].startswith(CRASHES[record.method])
    printed = capfd.readouterr()
    assert "goodbye" in printed.err
    assert "goodbye" not in printed.out


def test_the_card() -> None:
    assert [card.name for card in adbench_processes.adbench_executors()] == ["process"]
