"""A set is known by name, wherever it lies: in tables, records and baselines there is no path."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path

import pytest

import adbench
from adbench.planning.shelf import Shelf
from adbench.registry.cards import Registry, load_registry
from adbench.results.reopen import reopen_dataset
from adbench_folder import CARD, MANIFEST
from adbench_folder.dataset import FolderDataset
from adbench_folder.naming import expand_folder, expand_manifest

FILES = ("train/good/1.png", "test/good/2.png", "test/hole/3.png")


@pytest.fixture(scope="module")
def registry() -> Registry:
    return load_registry()


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with the sets `d`, `other/d` and `root/{a,b}`."""
    monkeypatch.setenv("ADBENCH_CACHE", str(tmp_path / "cache"))
    work = tmp_path / "work"
    for folder in ("d", "other/d", "root/a", "root/b"):
        for file in FILES:
            path = work / folder / file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(f"{folder}/{file}".encode())
    monkeypatch.chdir(work)
    return work


def named(argument: str, root: Path | None = None) -> list[tuple[str, str]]:
    cards = expand_folder(replace(CARD, name=f"folder:{argument}", argument=argument), root)
    return [(card.name, card.argument) for card in cards]


def test_five_ways_to_say_one_set(here: Path, registry: Registry) -> None:
    os.symlink(here / "d", here / "link")
    ways = ["d", "./d", "d/", str(here / "d"), "link", "root/../d"]
    assert {pair for way in ways for pair in named(way)} == {("folder:d", str((here / "d").resolve()))}
    assert [card.name for card in Shelf(registry, None).choose([f"folder:{way}" for way in ways])] == ["folder:d"]


def test_a_name_of_the_users_own(here: Path) -> None:
    assert named("mine=d") == [("folder:mine", str((here / "d").resolve()))]
    assert named("lab/mine=d")[0][0] == "folder:lab/mine"
    (here / "a=b").mkdir()
    assert named("a=b") == [("folder:a=b", str((here / "a=b").resolve()))]
    (card,) = expand_folder(replace(CARD, name="folder:mine=d", argument="mine=d"), None)
    dataset = FolderDataset(card, None)
    assert (dataset.card.name, dataset.card.title, dataset.card.list_name) == ("folder:mine", "mine", "mine")


def test_two_sets_of_one_name_are_refused(registry: Registry) -> None:
    with pytest.raises(adbench.UserError, match="both called folder:d: name one of them, folder:NAME="):
        Shelf(registry, None).choose(["folder:d", "folder:other/d"])
    assert [card.name for card in Shelf(registry, None).choose(["folder:d", "folder:far=other/d"])] == ["folder:d", "folder:far"]


def test_a_root_stands_for_its_categories(here: Path, registry: Registry) -> None:
    assert [name for name, _ in named("root")] == ["folder:root/a", "folder:root/b"]
    assert [name for name, _ in named("mv=root")] == ["folder:mv/a", "folder:mv/b"]
    cards = Shelf(registry, None).choose(["folder:root"])
    assert [(card.name, card.list_name, card.class_name) for card in cards] == [
        ("folder:root/a", "a", "a"),
        ("folder:root/b", "b", "b"),
    ]


def test_a_set_in_the_data_root(here: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    assert named("d", here) == [("folder:d", str((here / "d").resolve()))]
    assert named("none", here) == [("folder:none", "none")]


def test_a_manifest_is_called_as_its_file(here: Path) -> None:
    (here / "list.csv").touch()
    cards = [expand_manifest(replace(MANIFEST, name="manifest:", argument=way), None)[0] for way in ("list.csv", "x=list.csv")]
    assert [card.name for card in cards] == ["manifest:list", "manifest:x"]


def test_names_are_equal_on_all_systems(here: Path) -> None:
    (here / "Fla\u0308che").mkdir()
    assert named("Fla\u0308che")[0][0] == "folder:Fl\u00e4che"


def test_a_finished_cell_finds_its_set_again(
    here: Path, registry: Registry, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    shelf = Shelf(registry, None)
    shelf.choose(["folder:mine=d"])
    Shelf(registry, None).choose(["folder:mine=other/d"])
    fingerprint = shelf.present["folder:mine"].fingerprint()
    monkeypatch.chdir(tmp_path)
    dataset, items = reopen_dataset(registry, "folder:mine", None, fingerprint)
    assert dataset.fingerprint() == fingerprint
    assert set(items) == {"good/2", "hole/3"}
    with pytest.raises(adbench.UserError, match="not the one that was measured"):
        reopen_dataset(registry, "folder:mine", None, "other")


def test_a_plugin_that_fails_to_expand(registry: Registry) -> None:
    broken = replace(registry, datasets={"x:": replace(CARD, name="x:", expand="os.path:nothing")})
    with pytest.raises(adbench.UserError, match="cannot be loaded"):
        Shelf(broken, None).choose(["x:d"])
    raising = replace(registry, datasets={"x:": replace(CARD, name="x:", expand="operator:add")})
    with pytest.raises(adbench.UserError, match="x:d: its plugin failed: TypeError"):
        Shelf(raising, None).choose(["x:d"])


def test_a_set_is_found_again_with_its_files_read_as_the_user_said(here: Path, registry: Registry) -> None:
    """A report or `metrics` must look at the same masks and slices."""
    reading = adbench.Reading(value_range=(0.0, 10.5), axis=1, mask_values=frozenset({4, 2}), normal_names=frozenset({"fine"}))
    assert adbench.Reading().changed() == {}
    kept = json.loads(json.dumps(reading.changed()))
    assert kept == {"value_range": [0.0, 10.5], "axis": 1, "mask_values": [2, 4], "normal_names": ["fine"]}
    shelf = Shelf(registry, None, reading)
    shelf.choose(["folder:mine=d"])
    fingerprint = shelf.present["folder:mine"].fingerprint()
    dataset, _ = reopen_dataset(registry, "folder:mine", None, fingerprint, kept)
    assert dataset.card.reading == reading
    with pytest.raises(adbench.UserError, match="its record does not say how its files were read"):
        reopen_dataset(registry, "folder:mine", None, fingerprint, {"axis": "none"})
