"""No record, and nothing made of records, says where on this machine a set lay."""

from __future__ import annotations

import os
import sys
from importlib.metadata import EntryPoint
from pathlib import Path
from types import SimpleNamespace

import pytest
import toyplugin
from setfiles import cut, make_set
from toyplugin import entry_point

from adbench import api
from adbench.leaderboard.material import gather
from adbench.planning.options import RunOptions
from adbench.registry.cards import load_registry
from adbench.registry.loading import load_plugins
from adbench.regression.baseline import baseline_cells, write_baseline
from adbench.report.build import build_report
from adbench.results.store import RunFolder
from adbench.running.places import without_places

REGISTRY = load_registry(load_plugins([entry_point(), EntryPoint("folder", "adbench_folder", "adbench")]))


def crash_with_path(self, support, ctx) -> None:
    raise RuntimeError(f"cannot open {ctx.scratch}/x.bin, {Path.home()}/secret.txt or {os.getcwd()}/here.txt")


def test_a_failing_set_leaves_no_path_anywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = tmp_path / "patients of ward 7"
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(toyplugin.Crash, "fit", crash_with_path)
    bad, good = make_set(place / "bad_set"), make_set(place / "good_set")
    cut(bad / "test/lesion/002.png")
    names = tuple(os.path.relpath(folder) for folder in (bad, good))
    for out in ("run", str(tmp_path / "other run")):
        asked = RunOptions(
            methods=("peak", "crash"),
            datasets=tuple(f"folder:{name}" for name in names),
            track=("full-normal",),
            out=out,
            device="cpu",
        )
        run = api.execute_plan(api.plan(asked, REGISTRY), asked, REGISTRY)
        assert [record.status for record in run.records] == ["failed", "done", "failed", "failed"]
        said = run.records[0].error["message"]
        assert said == "The image bad_set/test/lesion/002.png cannot be read (Truncated File Read): replace or remove it."
        crashed = run.records[3].error
        assert "/secret.txt or here.txt" in crashed["message"]
        assert 'File "adbench/running/runner.py"' in crashed["traceback"]  # still of use
        write_baseline(baseline_cells(RunFolder(run.folder), run.records[1:2]), tmp_path / "baseline.json", {})
        (RunFolder(run.folder).cells / run.records[1].id / "scores.parquet").write_bytes(b"")
        (RunFolder(run.folder).cells / run.records[3].id / "cell.json").write_text("{")
        opened = api.read_run(Path(out))
        assert "is not an adbench result" in " ".join(gather([opened]).unreadable)
        texts = {str(file): file.read_text() for file in run.folder.rglob("*.json")}
        texts["baseline"] = (tmp_path / "baseline.json").read_text()
        texts["report"] = build_report([opened], registry=REGISTRY)
        texts["problems"] = " ".join(cell.problem for cell in gather([opened]).cells)
        assert "cannot be read" in texts["problems"]
        for name, text in texts.items():
            for private in (
                str(tmp_path),
                str(place),
                str(Path.home()) + "/",
                sys.prefix + "/",
                str(Path(api.__file__).parents[1]),
            ):
                assert private not in text, (name, private)


@pytest.fixture
def session(tmp_path: Path) -> SimpleNamespace:
    """A data root with one set in it."""
    root = tmp_path / "data"
    folder = make_set(root / "BMAD" / "My Set")
    dataset = api.plan(RunOptions("peak", f"folder:{folder}", track="full-normal"), REGISTRY).datasets
    ((name, made),) = dataset.items()
    given = {"w": tmp_path / "weights" / "w.pt"}
    return SimpleNamespace(datasets={name: made}, data_root=root, weights=SimpleNamespace(given=given), name=name)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("{tmp}/data/BMAD/My Set/test/good/1.png is cut", "My Set/test/good/1.png is cut"),
        ("{tmp}/data/BMAD/My Set.", "My Set."),
        ("{tmp}/data/BMAD/index.csv: no row", "BMAD/index.csv: no row"),
        ("see {tmp}/data, please", "see data, please"),
        ("{tmp}/weights/w.pt and '{tmp}/weights/v.pt'", "w.pt and 'v.pt'"),
        ("{tmp}/database/x", "$TMPDIR/{below}/database/x"),
        ("/elsewhere{tmp}/data/x", "/elsewhere{tmp}/data/x"),
        ("https://example.org{tmp}/data/x", "https://example.org{tmp}/data/x"),
        ("nothing of the kind, 1/2", "nothing of the kind, 1/2"),
    ],
)
def test_each_file_is_named_from_a_folder_that_readers_know(
    tmp_path: Path, session: SimpleNamespace, monkeypatch: pytest.MonkeyPatch, text: str, shown: str
) -> None:
    monkeypatch.setattr("tempfile.gettempdir", lambda: str(tmp_path.parent))
    cell = SimpleNamespace(dataset=SimpleNamespace(name=session.name), auxiliary=())
    words = {"tmp": str(tmp_path), "below": tmp_path.name}
    assert without_places(text.format(**words), cell, session) == shown.format(**words)
