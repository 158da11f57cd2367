"""Downloads from a server that breaks in every way."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
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
    "script",
    [
        ["good"],
        ["drop", "drop", "drop", "drop", "good"],
        ["stall", "good"],
        ["silent", "good"],
        ["drop", "500", "503", "good"],
        ["429", "good"],
        ["moved", "drop", "moved", "good"],
        ["nolength"],
    ],
)
def test_what_can_be_mended_is(tmp_path: Path, capfd: pytest.CaptureFixture[str], script: list[str], sha256: str) -> None:
    with serving(BODY, *script) as server:
        assert fetch_url(server.url, tmp_path / "new" / "set.zip", sha256).read_bytes() == BODY
    assert server.asked == ["/moved.zip" if word == "moved" else "/set.zip" for word in ["", *script][:-1]]
    assert [file.name for file in (tmp_path / "new").iterdir()] == ["set.zip"]
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("script", "reason", "times"),
    [
        ("404", "404 Not Found for http.*/set.zip$", 1),
        ("403", "403 Forbidden", 1),
        ("500", "500 Internal Server Error for http.*/set.zip, 5 times", 5),
        ("loop", "redirects", 31),
        ("empty", "204 No Content", 1),
        ("short", f"not the published SHA-256 {DIGEST}", 1),
        ("silent", "ended early, 5 times", 5),
        ("drop", "ended early, 5 times", 5),
    ],
)
def test_what_cannot_be_mended_is_told_and_leaves_nothing(tmp_path: Path, script: str, reason: str, times: int) -> None:
    with serving(BODY, script) as server, pytest.raises(DownloadError, match=reason):
        fetch_url(server.url, tmp_path / "set.zip", DIGEST)
    assert len(server.asked) == times
    assert list(tmp_path.iterdir()) == []


def test_a_cut_body_is_seen_without_a_hash(tmp_path: Path) -> None:
    with serving(BODY, "drop") as server, pytest.raises(DownloadError, match="ended early, 5 times"):
        fetch_url(server.url, tmp_path / "set.zip")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("sha256", [DIGEST, ""])
def test_what_is_there_and_right_is_not_downloaded_again(tmp_path: Path, sha256: str) -> None:
    with serving(BODY) as server:
        for _ in range(2):
            assert fetch_url(server.url, tmp_path / "set.zip", sha256).read_bytes() == BODY
    assert len(server.asked) == 1


def test_what_is_there_and_wrong_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "set.zip").write_bytes(b"of yesterday")
    with serving(BODY) as server:
        assert fetch_url(server.url, tmp_path / "set.zip", DIGEST).read_bytes() == BODY


def test_a_terminal_gets_a_bar(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    with serving(BODY) as server:
        fetch_url(server.url, tmp_path / "set.zip", DIGEST)
    out, err = capsys.readouterr()
    assert out == ""
    assert "3.00k/3.00k" in err


def test_others_may_read_it_as_far_as_the_umask_lets_them(tmp_path: Path) -> None:
    (tmp_path / "usual").touch()
    with serving(BODY) as server:
        fetched = fetch_url(server.url, tmp_path / "set.zip")
    assert fetched.stat().st_mode == (tmp_path / "usual").stat().st_mode


@pytest.mark.slow
def test_two_processes_at_once(tmp_path: Path) -> None:
    code = "import sys; from pathlib import Path; from adbench.files.http import fetch_url; fetch_url(sys.argv[1], Path(sys.argv[2]))"
    with serving(BODY, "good") as server:
        command = [sys.executable, "-c", code, server.url, str(tmp_path / "set.zip")]
        started = [subprocess.Popen(command) for _ in range(2)]
        assert [process.wait(timeout=120) for process in started] == [0, 0]
    assert (tmp_path / "set.zip").read_bytes() == BODY
    assert [file.name for file in tmp_path.iterdir()] == ["set.zip"]


def test_too_little_space_is_told_before_anything_comes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr("shutil.disk_usage", lambda folder: usage(9000, 7000, 2000))
    with serving(BODY) as server, pytest.raises(DownloadError, match="3.0 kB are needed in .*, and 2.0 kB are free"):
        fetch_url(server.url, tmp_path / "set.zip", DIGEST)
    assert list(tmp_path.iterdir()) == []
    assert lacking_space(tmp_path, 2000) == ""


def test_nobody_there_is_said_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("adbench.files.http.PAUSE_SECONDS", 60)
    with pytest.raises(DownloadError, match="the connection failed or ended early: "):
        fetch_url("http://127.0.0.1:9/set.zip", tmp_path / "set.zip")


@pytest.mark.parametrize("url", ["set.zip", "http://"])
def test_no_address(tmp_path: Path, url: str) -> None:
    with pytest.raises(DownloadError, match="(?i)url"):
        fetch_url(url, tmp_path / "set.zip", DIGEST)


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(DownloadError, match="file"):
        fetch_url("http://127.0.0.1:9/set.zip", tmp_path / "file" / "set.zip")
    # Root may write everywhere but where the system itself refuses.
    readonly = Path("/sys") if os.geteuid() == 0 else tmp_path / "readonly"
    if not readonly.exists():
        readonly.mkdir(mode=0o500)
    with pytest.raises(DownloadError, match=f"{readonly}"):
        fetch_url("http://127.0.0.1:9/set.zip", readonly / "set.zip")
