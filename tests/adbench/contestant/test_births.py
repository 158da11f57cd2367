"""How contestants are started: their environment, without a nursery, and when that dies."""

from __future__ import annotations

import sys
from pathlib import Path

import attackers
import contests
import pytest

from adbench import UserError
from adbench.contestant.landlock import held
from adbench.running import births
from adbench.running.failures import ending
from adbench.running.variables import environment

pytestmark = pytest.mark.isolated
HOME = Path("/cache/imports")


def test_the_environment_names_neither_data_nor_results() -> None:
    given = {
        "PATH": "/usr/bin",
        "ADBENCH_DATA": "/data",
        "ADBENCH_CACHE": "/cache",
        "HOME": "/home/me",
        "OLDPWD": "/home/me/run",
        "OMP_NUM_THREADS": "2",
        "CUDA_VISIBLE_DEVICES": "1",
        "LD_LIBRARY_PATH": "/data/lib",
        "SECRET": "x",
    }
    left = environment(given, [Path("/data"), Path("/home/me/run")], HOME, sandboxed=False)
    assert left.pop("PYTHONPATH").split(":") == [entry or str(Path.cwd()) for entry in sys.path]
    assert left == {"PATH": "/usr/bin", "OMP_NUM_THREADS": "2", "CUDA_VISIBLE_DEVICES": "1", "HOME": "/cache/imports"}
    assert environment({}, [], HOME, sandboxed=True)["JOBLIB_MULTIPROCESSING"] == "0"


@pytest.mark.slow
def test_without_forks_each_contestant_is_a_process_by_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usual = contests.run(tmp_path / "usual", "peak")
    monkeypatch.setattr(births, "FORK_IS_SAFE", False)
    found = contests.run(tmp_path / "alone", "segfault,peak")
    segfault, peak = found.records
    assert "SIGSEGV" in segfault.error["message"]
    assert "on the edge" in segfault.error["traceback"]
    assert (peak.status, peak.metrics) == ("done", usual.records[0].metrics)


@pytest.mark.slow
def test_the_next_cell_has_a_new_nursery_where_one_died(tmp_path: Path) -> None:
    found = contests.run(tmp_path / "run", "patricide,peak", sandbox="off")
    patricide, peak = found.records
    assert patricide.error["message"] == "The method's process was lost before the cell was measured."
    assert peak.status == "done"
    assert peak.environment["sandbox"] == "none"


@pytest.mark.slow
def test_a_module_that_ends_its_process_costs_its_own_cells(tmp_path: Path) -> None:
    deadly, peak = contests.run(tmp_path / "run", "deadly,peak").records
    assert deadly.error["message"] == "The method's process left with exit code 7 before the cell was measured."
    assert peak.status == "done"
    assert peak.environment["sandbox"].startswith("landlock") == held()


@pytest.mark.slow
def test_a_module_whose_import_hangs_costs_its_own_cells(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(births, "IMPORT_SECONDS", 1)
    endless, peak = contests.run(tmp_path / "run", "endless,peak", cell_timeout=15).records
    assert "--cell-timeout" in endless.error["message"]
    assert peak.status == "done"


@pytest.mark.slow
def test_what_cannot_be_sent_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Here(attackers.Parameters):
        """No other process finds it."""

    monkeypatch.setattr(attackers, "Parameters", Here)
    found = contests.run(tmp_path / "run", "meddles").records[0]
    assert found.error["message"].startswith("The cell cannot be sent to a process of its own (")
    assert found.error["message"].endswith("run it with --executor inline.")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"executor": "inline", "sandbox": "required"}, "--sandbox required"),
        ({"executor": "inline", "memory_limit": "1G"}, "need processes"),
        ({"executor": "inline", "workers": 2}, "need processes"),
        ({"sandbox": "perhaps"}, "sandbox"),
        ({"memory_limit": "much"}, "no size such as 8G"),
        ({"cell_timeout": 0}, "more than 0"),
        ({"retries": -1}, "0 or more"),
        ({"workers": 0}, "--workers must be 1 or more"),
        ({"device": "cpu,quantum"}, "Unknown device 'quantum'"),
    ],
)
def test_what_cannot_be_had_is_one_sentence(tmp_path: Path, options: dict, words: str) -> None:
    from adbench import run

    with pytest.raises(UserError, match=words):
        run("mkd", "phantom-brain", out=tmp_path / "run", **{"device": "cpu", **options})


@pytest.mark.parametrize(
    ("size", "found"), [("8G", 8 << 30), ("500M", 500 << 20), ("1.5 GB", 3 << 29), ("2GiB", 2 << 30), ("4096", 4096), (7, 7)]
)
def test_sizes(size: str | int, found: int) -> None:
    from adbench.planning.options import read_bytes

    assert read_bytes(size) == found


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (None, "was lost"),
        (0, "left with exit code 0"),
        (-11, "was ended by SIGSEGV (a segmentation fault)"),
        (-9, "was ended by SIGKILL (memory may have run out)"),
        (-15, "was ended by SIGTERM"),
        (-200, "was ended by signal 200"),
    ],
)
def test_endings_in_words(code: int | None, words: str) -> None:
    assert ending(code) == words
