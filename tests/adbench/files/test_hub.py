"""Files of the model hub, which is a server on this machine."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from collections import namedtuple
from collections.abc import Iterator
from pathlib import Path

import huggingface_hub.constants
import numpy as np
import pytest
from playedhub import PlayedHub, playing_hub

from adbench import UserError, WeightsCard, WeightsResolver
from adbench.files.hub import DownloadError, cached_hub_file, fetch_hub, fetch_hub_into

OLD, NEW = "a" * 40, "b" * 40
BODIES = {commit: np.random.default_rng(number).bytes(3000) for number, commit in enumerate((OLD, NEW))}
DIGESTS = {commit: hashlib.sha256(body).hexdigest() for commit, body in BODIES.items()}
NAME = "team/net:file.bin"
SET = "datasets/team/set:sub/set.zip"


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[PlayedHub]:
    """One commit, `OLD`, is there."""
    with playing_hub(tmp_path / "hub", monkeypatch) as server:
        server.commits[OLD] = {"file.bin": BODIES[OLD], "sub/set.zip": BODIES[OLD]}
        yield server


def commit_new(server: PlayedHub) -> None:
    """The main branch moves."""
    server.commits[NEW] = {"file.bin": BODIES[NEW], "other.bin": BODIES[NEW], "sub/set.zip": BODIES[NEW]}


def test_a_file_is_fetched_once(hub: PlayedHub, capfd: pytest.CaptureFixture[str]) -> None:
    assert cached_hub_file(NAME) is None
    path = fetch_hub(NAME)
    assert path.read_bytes() == BODIES[OLD]
    assert cached_hub_file(NAME) == path
    assert path.parent.name == OLD
    assert hub.asked == [f"{method} /team/net/resolve/main/file.bin" for method in ("HEAD", "GET")]
    assert capfd.readouterr() == ("", "")


def test_a_pinned_revision_is_asked_for_and_no_other_is_taken(hub: PlayedHub) -> None:
    fetch_hub(NAME, OLD)
    commit_new(hub)
    assert cached_hub_file(NAME, NEW) is None
    assert fetch_hub(NAME, NEW).read_bytes() == BODIES[NEW]
    assert cached_hub_file(NAME, OLD).read_bytes() == BODIES[OLD]
    assert {path.split("/")[4] for path in hub.asked} == {OLD, NEW}


def test_a_branch_that_moves_changes_nothing_that_was_fetched(hub: PlayedHub) -> None:
    path = fetch_hub(NAME)
    commit_new(hub)
    fetch_hub("team/net:other.bin")  # the client notes that main is NEW now
    assert cached_hub_file(NAME) == path
    fetch_hub(NAME)  # as another program would
    assert cached_hub_file(NAME) == path
    assert path.read_bytes() == BODIES[OLD]
    assert cached_hub_file("team/net:other.bin").parent.name == NEW


def test_the_resolver_keeps_the_commit_and_shows_it(hub: PlayedHub, tmp_path: Path) -> None:
    cards = {"net": WeightsCard(name="net", file="net.bin", hub=NAME)}
    with pytest.raises(UserError, match=f"--offline forbids .*get net.bin from {NAME} on the model hub and give"):
        WeightsResolver(cards, offline=True, cache=tmp_path).path("net")
    assert hub.asked == []
    WeightsResolver(cards, cache=tmp_path).path("net")
    commit_new(hub)
    asked = len(hub.asked)
    for offline in (True, False):
        weights = WeightsResolver(cards, offline=offline, cache=tmp_path)
        assert weights.sha256("net") == DIGESTS[OLD]
        assert weights.status("net").startswith("cached: ")
        assert f"/snapshots/{OLD}/file.bin" in weights.status("net")
    assert len(hub.asked) == asked


def test_the_resolver_asks_for_the_revision_of_the_card(hub: PlayedHub, tmp_path: Path) -> None:
    commit_new(hub)
    card = WeightsCard(name="net", file="net.bin", hub=NAME, revision=OLD)
    weights = WeightsResolver({"net": card}, cache=tmp_path)
    assert weights.status("net") == f"to download: {NAME} on the model hub at {OLD}"
    assert weights.sha256("net") == DIGESTS[OLD]
    assert "main" not in str(hub.asked)


def test_without_a_revision_the_hash_pins_the_content(hub: PlayedHub, tmp_path: Path) -> None:
    commit_new(hub)
    card = WeightsCard(name="net", file="net.bin", hub=NAME, sha256=DIGESTS[OLD])
    with pytest.raises(UserError, match=f"{NEW}/file.bin does not have the published SHA-256 .*{DIGESTS[OLD]}.*delete it"):
        WeightsResolver({"net": card}, cache=tmp_path).path("net")


def test_a_connection_that_breaks_is_gone_on_with(hub: PlayedHub) -> None:
    hub.cuts = 2
    assert fetch_hub(NAME).read_bytes() == BODIES[OLD]
    assert sum(path.startswith("GET") for path in hub.asked) == 3


@pytest.mark.parametrize(("name", "revision"), [("team/net:none.bin", ""), (NAME, "c" * 40), ("nobody/net:file.bin", "")])
def test_what_there_is_not(hub: PlayedHub, name: str, revision: str) -> None:
    with pytest.raises(DownloadError, match="404"):
        fetch_hub(name, revision)
    assert cached_hub_file(name, revision) is None


def test_too_little_space_is_told_before_anything_comes(hub: PlayedHub, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: usage(9000, 7000, 2000))
    with pytest.raises(DownloadError, match="Not enough free disk space .*0.00 MB"):
        fetch_hub(NAME)
    assert cached_hub_file(NAME) is None


def test_an_unreachable_hub_falls_back_to_the_url(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    card = WeightsCard(name="net", file="net.bin", hub=NAME, url="http://127.0.0.1:9/net.bin")
    with pytest.raises(UserError, match="the hub cannot be reached .*offline.*; the connection failed .*--weights net=PATH"):
        WeightsResolver({"net": card}, cache=tmp_path).path("net")


@pytest.mark.slow
def test_two_processes_at_once(hub: PlayedHub, tmp_path: Path) -> None:
    code = f"from adbench.files.hub import fetch_hub; print(fetch_hub({NAME!r}))"
    environment = os.environ | {"HF_ENDPOINT": hub.url, "HF_HUB_CACHE": str(tmp_path / "hub")}
    command = [sys.executable, "-c", code]
    started = [subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    paths = {process.communicate(timeout=120)[0].strip() for process in started}
    assert paths == {str(cached_hub_file(NAME))}
    assert Path(*paths).read_bytes() == BODIES[OLD]


def test_into_a_folder(hub: PlayedHub, tmp_path: Path) -> None:
    path = fetch_hub_into(tmp_path / "set", SET, "", DIGESTS[OLD])
    assert path == tmp_path / "set" / "sub" / "set.zip"
    assert path.read_bytes() == BODIES[OLD]
    assert cached_hub_file(SET) is None
    assert hub.asked[0] == "HEAD /datasets/team/set/resolve/main/sub/set.zip"
    commit_new(hub)
    with pytest.raises(DownloadError, match=f"not the published SHA-256 {DIGESTS[OLD]}"):
        fetch_hub_into(tmp_path / "new", SET, "", DIGESTS[OLD])
    assert not list(tmp_path.rglob("new/sub/*"))
    assert fetch_hub_into(tmp_path / "new", SET, OLD, DIGESTS[OLD]).read_bytes() == BODIES[OLD]


def test_into_a_folder_that_holds_it(hub: PlayedHub, tmp_path: Path) -> None:
    path = fetch_hub_into(tmp_path, SET, OLD, DIGESTS[OLD])
    asked = len(hub.asked)
    assert fetch_hub_into(tmp_path, SET, OLD, DIGESTS[OLD]) == path
    assert len(hub.asked) == asked
    path.write_bytes(b"damaged")
    assert fetch_hub_into(tmp_path, SET, OLD, DIGESTS[OLD]).read_bytes() == BODIES[OLD]
