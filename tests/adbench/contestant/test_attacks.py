"""Detectors that look for labels find none, and those that harm their process harm their own cell and no other."""

from __future__ import annotations

import os
import re
import sys
import time
from pathlib import Path

import attackers
import numpy as np
import pytest

from adbench import api
from adbench.contestant.landlock import held
from adbench.planning.options import RunOptions
from adbench.registry.cards import load_registry
from adbench.registry.loading import load_plugins
from adbench.results.record import CellRecord
from adbench.results.store import RunFolder

pytestmark = [
    pytest.mark.slow,
    pytest.mark.isolated,
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="what a process tells of itself is looked for in /proc"),
]

TRIES = ("objects", "process", "files", "store", "changing", "pickles")
HARMS = ("segfault", "leaves", "aborts", "quits", "forks", "shouts", "closes", "meddles")


def run(out: Path, methods: tuple[str, ...], executor: str = "local", **options) -> api.Run:
    """Cells of the attackers."""
    registry = load_registry(load_plugins(attackers.entries()))
    asked = RunOptions(methods, "toy-a", out=out, device="cpu", executor=executor, **options)
    return api.execute_plan(api.plan(asked, registry), asked, registry)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """With a data root and the cache."""
    folder = tmp_path_factory.mktemp("attacked")
    (folder / "data" / "test" / "Ungood").mkdir(parents=True)
    return folder


@pytest.fixture(scope="module")
def attacked(place: Path) -> tuple[api.Run, str]:
    """One run of all, with honest cells at its end, and what was printed meanwhile; `known` is told to the attackers."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ADBENCH_DATA", str(place / "data"))
        patch.setenv("ADBENCH_CACHE", str(place / "cache"))
        patch.setenv("BOMB", str(place / "bomb"))
        patch.setattr("adbench.metrics.figures.RESAMPLES", 100)
        told = place / "told"
        with told.open("w") as file:
            patch.setattr(sys, "stderr", file)
            known = f"{place / 'data'}:{place / 'run'}:{place / 'cache'}"
            parameters = {name: {"known": known} for name in TRIES}
            found = run(place / "run", (*TRIES, *HARMS, "peak"), data_root=place / "data", parameters=parameters)
        return found, told.read_text()


def record(attacked: tuple[api.Run, str], name: str) -> CellRecord:
    """Of this method."""
    return next(record for record in attacked[0].records if record.method == name)


def message(attacked: tuple[api.Run, str], name: str) -> str:
    """Why its cell failed."""
    return record(attacked, name).error["message"]


@pytest.mark.parametrize("name", ["objects", "process", "store"])
def test_who_looks_finds_no_label(attacked: tuple[api.Run, str], name: str) -> None:
    assert message(attacked, name) == "found []"


def test_files_of_others_are_refused_by_the_kernel(attacked: tuple[api.Run, str]) -> None:
    if not held():
        pytest.skip("this kernel has no Landlock")
    assert message(attacked, "files") == "found []"
    assert record(attacked, "files").environment["sandbox"].startswith("landlock ")


def test_the_looks_would_find_what_is_there(tmp_path: Path) -> None:
    """In this process, where the labels are, the same detectors find them."""
    known = {name: {"known": str(tmp_path)} for name in ("objects", "files")}
    found = run(tmp_path / "run", ("objects", "files"), "inline", parameters=known)
    texts = [one.error["message"] for one in found.records]
    assert "object Item" in texts[0]
    assert "text Ungood/" in texts[0]
    assert f"{tmp_path.name}: [" in texts[1]
    assert "opened environ of the process above" in texts[1]


def test_no_mask_lies_in_the_cache(attacked: tuple[api.Run, str], place: Path) -> None:
    names = [str(path.relative_to(place)) for path in (place / "cache").rglob("*")]
    assert any("pixels-16x16" in name for name in names)
    assert not [name for name in names if "mask" in name or "good" in name.lower()]


def test_the_referee_has_a_copy_of_its_own(attacked: tuple[api.Run, str]) -> None:
    changing = record(attacked, "changing")
    scores = RunFolder(attacked[0].folder).scores(changing.id).scores
    assert changing.status == "done"
    assert ((scores >= 7) & (scores < 8)).all()


def test_a_pickle_is_not_opened(attacked: tuple[api.Run, str], place: Path) -> None:
    assert message(attacked, "pickles").startswith("The method's process sent what adbench does not understand")
    assert not (place / "bomb").exists()
    assert not Path("/tmp/adbench-bomb").exists()


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("segfault", "The method's process was ended by SIGSEGV (a segmentation fault) before the cell was measured."),
        ("leaves", "The method's process left with exit code 0 before the cell was measured."),
        ("aborts", "The method's process was ended by SIGABRT (it aborted) before the cell was measured."),
        ("quits", "The method's process left with exit code 3 before the cell was measured."),
        ("closes", "The method's process closed its connection, and was ended, before the cell was measured."),
        ("forks", "left them"),
    ],
)
def test_a_death_is_one_sentence(attacked: tuple[api.Run, str], name: str, sentence: str) -> None:
    assert message(attacked, name) == sentence


def test_the_last_lines_are_kept(attacked: tuple[api.Run, str]) -> None:
    details = record(attacked, "segfault").error["traceback"]
    assert "on the edge" in details
    assert "attackers.py" in details  # where Python was
    assert record(attacked, "shouts").status == "done"
    assert "line 2999 " in attacked[1]


def test_children_are_ended_with_their_parent(attacked: tuple[api.Run, str]) -> None:
    children = [int(number) for number in re.findall(r"^child (\d+)$", attacked[1], re.M)]
    assert len(children) == 2
    deadline = time.monotonic() + 10
    while any(Path(f"/proc/{child}").exists() for child in children) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not any(Path(f"/proc/{child}").exists() for child in children)


def test_the_cells_after_them_are_those_of_a_clean_run(attacked: tuple[api.Run, str], tmp_path: Path) -> None:
    clean = run(tmp_path / "clean", ("peak",), "inline").records[0]
    ours = record(attacked, "peak")
    assert (ours.status, ours.metrics, ours.id) == ("done", clean.metrics, clean.id)
    folders = (attacked[0].folder, tmp_path / "clean")
    one, other = (RunFolder(folder).scores(clean.id).scores for folder in folders)
    assert one.tobytes() == other.tobytes()
    # What one changed in its own process is its own affair.
    assert record(attacked, "meddles").status in ("done", "failed")


def test_nothing_is_left_behind(attacked: tuple[api.Run, str], place: Path) -> None:
    below = [path for path in place.rglob("*") if path.name in ("planted", "left-behind")]
    assert below == []
    assert not [path for path in Path("/proc").glob("[0-9]*") if _is_ours(path, place)]


def _is_ours(process: Path, place: Path) -> bool:
    """Whether this process works in a scratch folder of the run: they are all gone."""
    try:
        return str(place) in os.readlink(process / "cwd")
    except OSError:
        return False


def test_too_much_time_or_memory_ends_the_cell_and_no_other(tmp_path: Path) -> None:
    found = run(tmp_path / "run", ("hangs", "fills", "peak"), cell_timeout=8, memory_limit="1G")
    hangs, fills, peak = found.records
    assert hangs.error["message"] == "The cell took longer than 8 seconds (--cell-timeout), and was ended."
    assert re.match(r"The method's process held 1\.\d GB of memory, more than --memory-limit", fills.error["message"])
    assert peak.status == "done"


def test_a_death_is_tried_again_and_an_exception_is_not(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    run(tmp_path / "run", ("segfault", "forks"), retries=2, workers=2)
    printed = capfd.readouterr().err
    assert printed.count("on the edge") == 3
    assert printed.count("child ") == 2


def test_workers_change_no_score(tmp_path: Path) -> None:
    options = {"seeds": (0, 1, 2), "keep": ("maps", "state")}
    alone, beside = (run(tmp_path / str(workers), ("peak",), workers=workers, **options) for workers in (1, 3))
    assert [one.id for one in alone.records] == [one.id for one in beside.records]
    for one in alone.records:
        first, second = (RunFolder(made.folder).scores(one.id).scores for made in (alone, beside))
        np.testing.assert_array_equal(first, second)
        maps = [(made.folder / "cells" / one.id / "maps.npz").read_bytes() for made in (alone, beside)]
        assert maps[0] == maps[1]
    assert [one.metrics for one in alone.records] == [one.metrics for one in beside.records]
