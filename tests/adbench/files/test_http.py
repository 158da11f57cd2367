"""Downloads from a server that breaks in every way."""

from __future__ import annotations

import hashlib
from collections import namedtuple
from pathlib import Path

import numpy as np
import pytest
from badserver import serving

from adbench.files.http import fetch_url, lacking_space
from adbench.files.hub import DownloadError

BODY = np.random.default_rng(0).bytes(3000)
DIGEST = hashlib.sha256(BODY).hexdigest()


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("adbench.files.http.PAUSE_SECONDS", 0)
    monkeypatch.setattr("adbench.files.http.TIMEOUT_SECONDS", (2, 0.3))
    monkeypatch.setattr("adbench.files.http.CHUNK_BYTES", 100)


@pytest.mark.parametrize("sha256", [DIGEST, ""])
@pytest.mark.parametrize(
    ("script", "ranges"),
    [
        (["good"], [None]),
        (["drop", "good"], [None, "bytes=1000-"]),
        (["drop", "drop", "good"], [None, "bytes=1000-", "bytes=2000-"]),
        (["stall", "good"], [None, "bytes=1000-"]),
        (["silent", "good"], [None, None]),
        (["drop", "500", "503", "good"], [None, "bytes=1000-", "bytes=1000-", "bytes=1000-"]),
        (["500", "good"], [None, None]),
        (["429", "good"], [None, None]),
        (["drop", "noranges"], [None, "bytes=1000-"]),
        (["noranges_drop", "noranges_drop", "noranges"], [None, "bytes=1000-", "bytes=1000-"]),
        (["drop", "elsewhere", "good"], [None, "bytes=1000-", None]),
        (["drop", "416", "good"], [None, "bytes=1000-", None]),
        (["moved", "drop", "moved", "good"], [None, None, "bytes=1000-", "bytes=1000-"]),
        (["nolength"], [None]),
    ],
)
def test_what_can_be_mended_is(tmp_path: Path, script: list[str], ranges: list[str | None], sha256: str) -> None:
    with serving(BODY, *script) as server:
        assert fetch_url(server.url, tmp_path / "new" / "set.zip", sha256).read_bytes() == BODY
    assert [asked for asked, _ in server.asked] == ranges
    assert [file.name for file in (tmp_path / "new").iterdir()] == ["set.zip"]


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        (["404"], "404 Not Found"),
        (["403"], "403 Forbidden"),
        (["500"], "5 times: 500 Internal Server Error"),
        (["loop"], "redirects"),
        (["empty"], "204 No Content"),
        (["short"], f"not the published SHA-256 {DIGEST}"),
        (["silent"], "ended early, 5 times"),
    ],
)
def test_what_cannot_be_mended_is_told_and_leaves_no_file(tmp_path: Path, script: list[str], reason: str) -> None:
    with serving(BODY, *script) as server, pytest.raises(DownloadError, match=reason):
        fetch_url(server.url, tmp_path / "set.zip", DIGEST)
    assert not (tmp_path / "set.zip").exists()
    assert sum(file.stat().st_size for file in tmp_path.glob("*.part")) == 0


def test_another_call_goes_on_where_one_gave_up(tmp_path: Path) -> None:
    with serving(BODY, "drop", "500") as server:
        with pytest.raises(DownloadError, match="what came is kept, and the next try goes on from there"):
            fetch_url(server.url, tmp_path / "set.zip", DIGEST)
        server.script = ["good"]
        assert fetch_url(server.url, tmp_path / "set.zip", DIGEST).read_bytes() == BODY
    assert server.asked[-1] == ("bytes=1000-", '"1"')


def test_all_of_it_was_there(tmp_path: Path) -> None:
    with serving(BODY, "drop", "500") as server:
        with pytest.raises(DownloadError):
            fetch_url(server.url, tmp_path / "set.zip", DIGEST)
        (tmp_path / "set.zip.part").write_bytes(BODY)
        server.script = ["good"]
        assert fetch_url(server.url, tmp_path / "set.zip", DIGEST).read_bytes() == BODY
    assert server.asked[-1][0] == "bytes=3000-"


OTHER = np.random.default_rng(1).bytes(3500)


@pytest.mark.parametrize("tags", [{"ETag": '"1"'}, {"Last-Modified": "Tue, 01 Jul 2025 10:00:00 GMT"}])
def test_a_file_that_changed_is_downloaded_anew(tmp_path: Path, tags: dict[str, str]) -> None:
    with serving(BODY, "drop", "500") as server:
        server.validators = tags
        with pytest.raises(DownloadError):
            fetch_url(server.url, tmp_path / "set.zip")
        server.body, server.validators, server.script = OTHER, dict.fromkeys(tags, "another"), ["good"]
        assert fetch_url(server.url, tmp_path / "set.zip").read_bytes() == OTHER


@pytest.mark.parametrize("tags", [{}, {"ETag": 'W/"1"'}])
def test_without_a_strong_validator_the_hash_decides(tmp_path: Path, tags: dict[str, str]) -> None:
    changed = OTHER[: len(BODY)]
    with serving(BODY, "drop", "500") as server:
        server.validators = tags
        with pytest.raises(DownloadError):
            fetch_url(server.url, tmp_path / "set.zip", hashlib.sha256(changed).hexdigest())
        server.body, server.script = changed, ["good"]
        assert fetch_url(server.url, tmp_path / "set.zip", hashlib.sha256(changed).hexdigest()).read_bytes() == changed
    # It goes on, the parts do not fit, and it begins again.
    assert server.asked[-2:] == [("bytes=1000-", None), (None, None)]


def test_without_validator_and_hash_nothing_is_put_together(tmp_path: Path) -> None:
    with serving(BODY, "drop", "good") as server:
        server.validators = {}
        assert fetch_url(server.url, tmp_path / "set.zip").read_bytes() == BODY
    assert server.asked == [(None, None), (None, None)]


def test_a_server_that_lies_about_the_range_is_not_believed(tmp_path: Path) -> None:
    with serving(BODY, "drop", "lying", "good") as server:
        assert fetch_url(server.url, tmp_path / "set.zip", DIGEST).read_bytes() == BODY
    assert [asked for asked, _ in server.asked] == [None, "bytes=1000-", None]


def test_a_server_that_always_lies_is_given_up(tmp_path: Path) -> None:
    with serving(BODY, "drop", "lying", "drop", "lying") as server, pytest.raises(DownloadError, match="SHA-256"):
        fetch_url(server.url, tmp_path / "set.zip", DIGEST)
    assert list(tmp_path.iterdir()) == []


def test_parts_of_another_address_are_not_used(tmp_path: Path) -> None:
    with serving(OTHER, "drop", "500") as server, pytest.raises(DownloadError):
        fetch_url(server.url, tmp_path / "set.zip", DIGEST)
    with serving(BODY) as server:
        assert fetch_url(server.url, tmp_path / "set.zip", DIGEST).read_bytes() == BODY
    assert server.asked == [(None, None)]


@pytest.mark.parametrize("note", ["", "{", "[]"])
def test_a_damaged_note_is_ignored(tmp_path: Path, note: str) -> None:
    (tmp_path / "set.zip.part").write_bytes(b"what is this")
    (tmp_path / "set.zip.part.json").write_text(note)
    with serving(BODY) as server:
        assert fetch_url(server.url, tmp_path / "set.zip").read_bytes() == BODY


def test_too_little_space_is_told_before_anything_comes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr("shutil.disk_usage", lambda folder: usage(9000, 7000, 2000))
    with serving(BODY) as server, pytest.raises(DownloadError, match="3.0 kB are needed in .*, and 2.0 kB are free"):
        fetch_url(server.url, tmp_path / "set.zip", DIGEST)
    assert list(tmp_path.iterdir()) == []
    assert lacking_space(tmp_path, 2000) == ""


def test_nobody_there(tmp_path: Path) -> None:
    with pytest.raises(DownloadError, match="the connection failed"):
        fetch_url("http://127.0.0.1:9/set.zip", tmp_path / "set.zip")


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(DownloadError, match="file"):
        fetch_url("http://127.0.0.1:9/set.zip", tmp_path / "file" / "set.zip")
