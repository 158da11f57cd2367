"""Sets are put into place whole, or not at all, whatever the server and the archive do."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from badserver import BadServer, serving
from bmadzip import ALL, zipped
from playedhub import PlayedHub, playing_hub
from toyplugin import files_below

from adbench import DatasetArchive, DatasetCard, UserError
from adbench.data.fetch import ORIGIN, STORE, Wanted, demand_found, fetch, wanted
from adbench.registry.cards import Registry
from adbench.registry.loading import load_plugins
from adbench_bmad import CARDS

BODY = zipped("Brain", "Liver")


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("adbench.files.http.PAUSE_SECONDS", 0)


HUB_ARCHIVE = DatasetArchive(
    hub="datasets/team/set:sub/set.zip", revision="a" * 40, sha256=hashlib.sha256(BODY).hexdigest(), folder="BMAD"
)


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[PlayedHub]:
    with playing_hub(tmp_path / "hub", monkeypatch) as server:
        server.commits["a" * 40] = {"sub/set.zip": BODY}
        yield server


def archive_at(server: BadServer, body: bytes = BODY) -> DatasetArchive:
    return DatasetArchive(url=server.url, sha256=hashlib.sha256(body).hexdigest(), folder="BMAD")


def card(number: int) -> DatasetCard:
    return CARDS[number]


def test_a_set_appears_whole(tmp_path: Path) -> None:
    root = tmp_path / "new" / "root"
    with serving(BODY, "drop", "good") as server:
        assert fetch(archive_at(server), root) == root / "BMAD"
    assert len(server.asked) == 2
    assert [path.name for path in root.iterdir()] == ["BMAD"]
    assert sorted(files_below(root / "BMAD"))[:2] == [ORIGIN, "Brain/test/Ungood/img/1.png"]


@pytest.mark.parametrize("revision", ["", "a" * 40])
def test_a_set_of_the_hub_appears_whole(hub: PlayedHub, tmp_path: Path, revision: str) -> None:
    root = tmp_path / "root"
    hub.cuts = 1
    assert fetch(replace(HUB_ARCHIVE, revision=revision), root) == root / "BMAD"
    demand_found([card(0), card(1)], root)
    assert hub.asked[0] == f"HEAD /datasets/team/set/resolve/{revision or 'main'}/sub/set.zip"
    assert [path.name for path in root.iterdir()] == ["BMAD"]
    assert not (tmp_path / "hub").exists()  # no second copy in the cache


def test_a_hub_whose_branch_has_moved_leaves_no_set(hub: PlayedHub, tmp_path: Path) -> None:
    hub.commits["b" * 40] = {"sub/set.zip": zipped("Brain")}
    reason = r"datasets/team/set:sub/set.zip on the model hub could not be downloaded: what came has not the published SHA-256"
    with pytest.raises(UserError, match=reason):
        fetch(replace(HUB_ARCHIVE, revision=""), tmp_path)
    assert not list(tmp_path.rglob("*.zip"))
    assert not (tmp_path / "BMAD").exists()
    fetch(HUB_ARCHIVE, tmp_path)


def test_what_the_hub_has_not(hub: PlayedHub, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="set.zip on the model hub at b+ could not be downloaded: .*404.*Run the same command"):
        fetch(replace(HUB_ARCHIVE, revision="b" * 40), tmp_path)
    assert not (tmp_path / "BMAD").exists()


def test_what_is_on_the_real_cards_fits_the_sets() -> None:
    (archive,) = {archive for card in CARDS for archive in card.archives}
    assert len(archive.sha256) == 64
    assert (archive.hub, archive.url) == ("datasets/code-dev05/BMAD:bmad.zip", "")


def test_the_six_folders_of_the_archive_are_found(tmp_path: Path) -> None:
    with serving(ALL) as server:
        fetch(archive_at(server, ALL), tmp_path)
    demand_found(CARDS, tmp_path)


def test_an_archive_that_came_is_not_downloaded_again(hub: PlayedHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*arguments: object) -> None:
        raise OSError(28, "No space left on device")

    with serving(BODY) as server:
        with monkeypatch.context() as patched, pytest.raises(UserError, match="cannot be written: No space left"):
            patched.setattr("adbench.data.fetch.unpack", full)
            fetch(archive_at(server), tmp_path)
        fetch(archive_at(server), tmp_path)
    assert len(server.asked) == 1
    with monkeypatch.context() as patched, pytest.raises(UserError, match="cannot be written: No space left"):
        patched.setattr("adbench.data.fetch.unpack", full)
        fetch(HUB_ARCHIVE, tmp_path / "root")
    asked = len(hub.asked)
    fetch(HUB_ARCHIVE, tmp_path / "root")
    assert len(hub.asked) == asked


@pytest.mark.parametrize("script", ["404", "loop", "short", "500"])
def test_a_failed_download_leaves_no_set(tmp_path: Path, script: str) -> None:
    with serving(BODY, script) as server, pytest.raises(UserError, match="could not be downloaded.*Run the same command again"):
        fetch(archive_at(server), tmp_path)
    assert not (tmp_path / "BMAD").exists()


def test_another_archive_than_the_published_is_not_opened(tmp_path: Path) -> None:
    with serving(zipped("Brain", extra=("evil.png",))) as server, pytest.raises(UserError, match="not the published SHA-256"):
        fetch(archive_at(server), tmp_path)
    assert files_below(tmp_path) == {}


def test_a_hostile_archive_leaves_no_set(tmp_path: Path) -> None:
    body = zipped("Brain", extra=("../../evil.png",))
    with serving(body) as server, pytest.raises(UserError, match="leads out of the folder"):
        fetch(archive_at(server, body), tmp_path / "root")
    assert not list(tmp_path.rglob("*evil*"))
    assert not (tmp_path / "root" / "BMAD").exists()
    assert not (tmp_path / "root" / STORE / "unpacking").exists()


def test_an_archive_that_holds_something_else(tmp_path: Path) -> None:
    with serving(BODY) as server:
        fetch(archive_at(server), tmp_path)
    demand_found([card(0), card(1)], tmp_path)
    with pytest.raises(UserError, match="bmad-chest is not in what was unpacked. bmad-chest: no folder"):
        demand_found([card(0), card(4)], tmp_path)


def test_what_was_unpacked_is_not_fetched_again(tmp_path: Path) -> None:
    with serving(BODY) as server:
        assert fetch(archive_at(server), tmp_path) == fetch(archive_at(server), tmp_path)
    assert len(server.asked) == 1


@pytest.mark.parametrize("origin", [None, "0" * 64])
def test_what_is_there_is_not_overwritten(tmp_path: Path, origin: str | None) -> None:
    (tmp_path / "BMAD").mkdir()
    (tmp_path / "BMAD" / "mine.txt").write_text("mine")
    if origin:
        (tmp_path / "BMAD" / ORIGIN).write_text(origin)
    with serving(BODY) as server, pytest.raises(UserError, match="BMAD is there, and not from http.*: move it away"):
        fetch(archive_at(server), tmp_path)
    assert files_below(tmp_path)["BMAD/mine.txt"] == b"mine"
    assert server.asked == []


def test_what_a_killed_try_left_is_cleared(tmp_path: Path) -> None:
    with serving(BODY) as server:
        staging = tmp_path / STORE / archive_at(server).sha256[:12] / "unpacking"
        staging.mkdir(parents=True)
        (staging / "half.png").touch()
        fetch(archive_at(server), tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["BMAD"]
    assert "half.png" not in str(files_below(tmp_path))


def registry(*more: DatasetCard) -> Registry:
    cards = {card.name: card for card in (*CARDS, *more)}
    return Registry(load_plugins([]), datasets=cards)


PLAIN = DatasetCard(
    name="plain", title="Plain", factory="adbench_bmad.dataset:BmadDataset", groups=("bmad",), how_to_get="Ask its authors."
)


def test_what_is_wanted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("adbench_bmad.names").names.FOLDERS, "plain", ("plain",))
    with serving(BODY) as server:
        fetch(archive_at(server), tmp_path)
    found = wanted(registry(PLAIN), ["bmad"], tmp_path)
    assert found.there == ["bmad-brain", "bmad-liver"]
    assert [[card.name for card in cards] for cards in found.archives.values()] == [
        ["bmad-resc", "bmad-oct17", "bmad-chest", "bmad-his"]
    ]
    assert found.elsewhere == [("plain", "Ask its authors.")]
    assert wanted(registry(), ["bmad-brain"], tmp_path) == Wanted(there=["bmad-brain"])
    assert len(wanted(registry(), ["all"], tmp_path / "new").archives) == 1
    with pytest.raises(UserError, match="plain cannot be downloaded. Ask its authors."):
        wanted(registry(PLAIN), ["plain"], tmp_path)
    with pytest.raises(UserError, match="Did you mean 'bmad-brain'"):
        wanted(registry(), ["bmad-brian"], tmp_path)
