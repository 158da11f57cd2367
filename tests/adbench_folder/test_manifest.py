"""`manifest:FILE` as a dataset, and `adbench data manifest`, which writes such a file."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from importlib.metadata import EntryPoint
from pathlib import Path

import numpy as np
import pytest
from command import call_command
from PIL import Image

from adbench_folder import CARD, MANIFEST
from adbench_folder.dataset import FolderDataset
from adbench_folder.manifest import ManifestDataset

FILES = ("train/good/1.png", "test/good/2.png", "test/hole/3.png", "ground_truth/hole/3_mask.png")
Command = Callable[..., tuple[int, str, str]]


@pytest.fixture
def adbench(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Command:
    """Run `adbench data` in a folder with the set `d`; gives exit code, stdout, stderr."""
    plugins = ("adbench_folder", "adbench_phantoms")
    monkeypatch.setattr("adbench.registry.loading.entry_points", lambda group: [EntryPoint(p, p, "adbench") for p in plugins])
    monkeypatch.setenv("ADBENCH_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    for folder in ("d", "root/a", "root/b"):
        for number, file in enumerate(FILES):
            path = tmp_path / folder / file
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(np.eye(4, dtype=np.uint8) * (number + 1)).save(path)
    return partial(call_command, monkeypatch, capsys, "data")


def opened(file: Path) -> ManifestDataset:
    return ManifestDataset(replace(MANIFEST, name=f"manifest:{file}", argument=str(file)), None)


@pytest.mark.parametrize("kind", [".csv", ".jsonl", ".parquet"])
def test_the_manifest_of_a_folder_is_the_same_set(adbench: Command, tmp_path: Path, kind: str) -> None:
    code, out, _ = adbench("manifest", "d", "-o", f"list{kind}")
    assert code == 0
    assert "ground_truth/hole" in out
    assert out.endswith(f"list{kind}: 3 images with split and label, 0 files left out.\n")
    tree = FolderDataset(replace(CARD, argument=str(tmp_path / "d")), None)
    listed = opened(tmp_path / f"list{kind}")
    assert listed.absence() is None
    assert listed.fingerprint() == tree.fingerprint()
    assert listed.card.has_masks
    assert (listed.card.title, listed.card.class_name) == ("list", "list")
    (abnormal,) = (item for item in listed.items("test") if item.abnormal)
    mask = listed.mask("test", abnormal)
    assert mask is not None
    assert mask.sum() == 4
    assert adbench("verify", f"manifest:list{kind}")[0] == 0


def test_the_manifest_of_a_manifest(adbench: Command) -> None:
    adbench("manifest", "d", "-o", "one.csv")
    assert adbench("manifest", "manifest:one.csv", "-o", "two.csv")[0] == 0
    assert Path("one.csv").read_text() == Path("two.csv").read_text()


def test_a_tree_that_nobody_understands(adbench: Command) -> None:
    Path("mine").mkdir()
    for name in "ab":
        Image.new("L", (4, 4)).save(f"mine/{name}.png")
    code, _, err = adbench("verify", "folder:mine")
    assert code == 2
    assert "adbench data manifest" in err
    code, out, _ = adbench("manifest", "mine", "-o", "mine.csv")
    assert code == 0
    assert "0 images with split and label, 2 files left out" in out
    assert "fill in both columns" in str(opened(Path("mine.csv")).absence())
    Path("mine.csv").write_text("path,split,label\nmine/a.png,test,0\nmine/b.png,test,1\n")
    assert [item.id for item in opened(Path("mine.csv")).items("test")] == ["mine/a", "mine/b"]


def test_what_is_doubtful_is_said_and_left_open(adbench: Command) -> None:
    Path("d/test/hole/foo").mkdir()
    Path("d/test/hole/3.png").rename("d/test/hole/foo/3.png")
    Image.new("L", (4, 4)).save("d/test/hole/4.png")
    code, _, err = adbench("manifest", "d", "-o", "d.csv")
    assert code == 0
    assert "test/hole/foo lies beside images" in err
    assert "d/test/hole/foo/3.png,,," in Path("d.csv").read_text()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("root", "-o", "r.csv"), "root holds several sets (folder:root/a, folder:root/b): name one"),
        (("phantom-brain", "-o", "r.csv"), "does not lie on disk"),
        (("d", "-o", "d"), "none of the suffixes"),
        (("manifest:none.csv", "-o", "r.csv"), "There is no manifest none.csv"),
        (("nowhere", "-o", "r.csv"), "Unknown dataset 'nowhere'"),
    ],
)
def test_what_has_no_manifest(adbench: Command, arguments: tuple[str, ...], message: str) -> None:
    code, _, err = adbench("manifest", *arguments)
    assert code == 2
    assert message in err


def test_a_broken_manifest_is_absent_with_the_line(adbench: Command) -> None:
    Path("m.csv").write_text("path,split,label\nd/test/good/2.png,tets,0\n")
    assert "m.csv, line 2, column `split`" in str(opened(Path("m.csv")).absence())
