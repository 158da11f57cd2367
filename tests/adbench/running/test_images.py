"""What is wrong with an image or mask is found before the first fit, and fails those cells alone that use it."""

from __future__ import annotations

from collections import defaultdict
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest
import toyplugin
from executors import GOOD
from setfiles import cut, invert, make_set
from toyplugin import entry_point

from adbench import api
from adbench.planning.options import RunOptions
from adbench.registry.cards import load_registry
from adbench.registry.loading import load_plugins
from adbench.results.store import RunFolder
from adbench.running.executor import Reporter
from adbench.running.images import used_images

ENTRIES = [entry_point(), EntryPoint("folder", "adbench_folder", "adbench"), EntryPoint("executors", "executors", "adbench")]
REGISTRY = load_registry(load_plugins(ENTRIES))


class Heard(Reporter):
    """What was said, in order."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def progress(self, iterable, description: str):
        self.lines.append(description)
        return iter(iterable)

    def cell_ended(self, record, kept: bool) -> None:
        self.lines.append(f"{record.status}{' kept' if kept else ''}")

    def warned(self, sentence: str) -> None:
        self.lines.append(f"warned {sentence}")


def run(out: Path, *sets: Path | str, reporter: Reporter | None = None, **options) -> api.Run:
    names = tuple(f"folder:{name}" if isinstance(name, Path) else name for name in sets)
    asked = RunOptions(**{"methods": ("peak",), "track": ("full-normal",), **options}, datasets=names, out=out, device="cpu")
    return api.execute_plan(api.plan(asked, REGISTRY), asked, REGISTRY, reporter)


@pytest.fixture
def fits(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The classes that are fitted, as it happens."""
    seen: list[str] = []
    original = toyplugin.Peak.fit

    def fit(self, support, ctx) -> None:
        seen.append(support.class_name)
        original(self, support, ctx)

    monkeypatch.setattr(toyplugin.Peak, "fit", fit)
    return seen


@pytest.mark.parametrize("executor", ["local", *GOOD[:1]])
@pytest.mark.parametrize("spoilt", ["test/lesion/002.png", "ground_truth/lesion/002_mask.png"])
def test_cells_of_a_spoilt_set_fail_unfitted_and_the_others_run(tmp_path: Path, fits, spoilt: str, executor: str) -> None:
    good, bad = make_set(tmp_path / "good_set"), make_set(tmp_path / "bad_set")
    cut(bad / spoilt)
    first = run(tmp_path / "run", bad, good, "toy-a", seeds=(0, 1), executor=executor)
    assert [record.status for record in first.records] == ["failed"] * 2 + ["done"] * 4
    assert "bad set" not in fits
    if executor == "local":
        assert sorted(set(fits)) == ["good set", "object"]
    for record in first.failed:
        assert Path(spoilt).name in record.error["message"]
        assert record.error["type"] == "UserError"
        assert [path.name for path in (tmp_path / "run/cells" / record.id).iterdir()] == ["cell.json"]
    make_set(bad)  # repaired
    again = run(tmp_path / "run", bad, good, "toy-a", seeds=(0, 1))
    assert again.failed == []
    assert [record.status for record in api.open_run(tmp_path / "run").records] == ["done"] * 6


def test_only_what_a_cell_uses_is_opened(tmp_path: Path, fits) -> None:
    root = make_set(tmp_path / "set")
    options = {"limit": 2}
    asked = RunOptions(methods="peak", datasets=f"folder:{root}", track="full-normal", **options)
    planned = api.plan(asked, REGISTRY)
    used = {entry.item.path for entry in used_images(planned.cells[0], planned.datasets)}
    assert len(used) == 6  # two of each label
    for file in [*(root / "train").rglob("*.png"), *(root / "test").rglob("*.png")]:
        if file not in used:
            cut(file)
    assert run(tmp_path / "run", root, **options).failed == []
    assert len(run(tmp_path / "run", root).failed) == 1


def test_other_seeds_go_on_where_they_draw_other_images(tmp_path: Path) -> None:
    root = make_set(tmp_path / "set", train=12)
    options = {"track": ("few-normal",), "shots": (2,), "seeds": (0, 1, 2, 3)}
    asked = RunOptions(methods="peak", datasets=f"folder:{root}", **options)
    planned = api.plan(asked, REGISTRY)
    drawn = [{entry.item.path for entry in used_images(cell, planned.datasets)} for cell in planned.cells]
    only_first = next(iter(drawn[0] - set.union(*drawn[1:])))
    cut(only_first)
    assert [record.status for record in run(tmp_path / "run", root, **options).records] == ["failed", "done", "done", "done"]


def test_the_sets_that_zero_shot_learns_from_are_opened(tmp_path: Path, monkeypatch, fits) -> None:
    seen = []

    def opened(entries, progress):
        from adbench.data.opening import Opened

        seen.extend({(entry.dataset.card.name, entry.split) for entry in entries})
        return Opened()

    monkeypatch.setattr("adbench.running.images.open_images", opened)
    run(tmp_path / "run", "toy-a", track=("zero-shot",), zero_shot_pool="valid")
    assert sorted(seen) == [("toy-a", "test"), ("toy-b", "valid"), ("toy-plain", "valid")]


def test_all_is_opened_once_and_before_the_first_fit(tmp_path: Path, monkeypatch) -> None:
    heard, one, other = Heard(), make_set(tmp_path / "one"), make_set(tmp_path / "other")
    records = run(tmp_path / "run", one, other, seeds=(0, 1), reporter=heard).records
    fingerprints = defaultdict(str, {record.dataset: record.identity["fingerprint"] for record in records})
    assert heard.lines[:2] == ["opening images", "opening masks"]
    assert heard.lines.count("opening images") == 1
    again = Heard()
    run(tmp_path / "run", one, other, seeds=(0, 1), reporter=again)
    assert again.lines == ["done kept"] * 4  # nothing runs, nothing is opened
    cut(one / "test/good/000.png")  # of cells that are done, and of which nobody notices that their files have changed
    monkeypatch.setattr("adbench_folder.dataset.FolderDataset.fingerprint", lambda self: fingerprints[self.card.name])
    run(tmp_path / "run", one, other, make_set(tmp_path / "third"), reporter=again)
    assert again.lines[4:7] == ["done kept"] * 2 + ["opening images"]
    assert again.lines[-1] == "done"


def test_inverted_masks_are_said_before_the_first_fit(tmp_path: Path) -> None:
    root, heard = make_set(tmp_path / "set"), Heard()
    for file in (root / "ground_truth/lesion").iterdir():
        invert(file)
    run(tmp_path / "run", root, reporter=heard)
    assert heard.lines[2].startswith("warned folder:")
    assert "most masks mark more than half" in heard.lines[2]
    assert heard.lines[-1] == "done"
    with pytest.warns(UserWarning, match="most masks mark more than half"):
        run(tmp_path / "elsewhere", root)


def test_what_was_measured_stays_where_its_images_are_gone_bad(tmp_path: Path, monkeypatch) -> None:
    root = make_set(tmp_path / "set")
    done = run(tmp_path / "run", root).records[0]
    # Nobody notices that the file has changed: the cell is still the same one, and lacks its maps.
    monkeypatch.setattr("adbench_folder.dataset.FolderDataset.fingerprint", lambda self: done.identity["fingerprint"])
    cut(root / "test/lesion/002.png")
    assert run(tmp_path / "run", root, keep=("maps",)).records[0].status == "failed"
    assert RunFolder(tmp_path / "run").done(done.id) == done
