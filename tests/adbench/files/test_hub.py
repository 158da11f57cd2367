"""The model hub, played by a server on this machine."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import huggingface_hub
import huggingface_hub.constants
import pytest
from huggingface_hub.errors import LocalEntryNotFoundError

from adbench import UserError, WeightsCard, WeightsResolver
from adbench.files.hub import DownloadError, cached_hub_file, fetch_hub

BODY = b"weights" * 100
COMMIT = "c" * 40


class Hub(BaseHTTPRequestHandler):
    """Knows `team/net:file.bin` and nothing else."""

    def do_HEAD(self) -> None:
        self.answer()

    def do_GET(self) -> None:
        if self.answer():
            self.wfile.write(BODY)

    def answer(self) -> bool:
        known = self.path == "/team/net/resolve/main/file.bin" or self.path == f"/team/net/resolve/{COMMIT}/file.bin"
        self.send_response(200 if known else 404)
        if known:
            self.send_header("ETag", f'"{hashlib.sha256(BODY).hexdigest()}"')
        self.send_header("X-Repo-Commit", COMMIT)
        self.send_header("Content-Length", str(len(BODY)) if known else "0")
        if not known:
            self.send_header("X-Error-Code", "EntryNotFound")
        self.end_headers()
        return known

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Hub) as running:
        Thread(target=running.serve_forever, daemon=True).start()
        here = f"http://127.0.0.1:{running.server_port}"
        monkeypatch.setattr(huggingface_hub, "hf_hub_download", partial(huggingface_hub.hf_hub_download, endpoint=here))
        monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
        yield
        running.shutdown()


def test_a_hub_file_is_fetched_once(hub: None) -> None:
    assert cached_hub_file("team/net:file.bin") is None
    path = fetch_hub("team/net:file.bin")
    assert path.read_bytes() == BODY
    assert cached_hub_file("team/net:file.bin") == path


def test_an_absent_hub_file(hub: None) -> None:
    with pytest.raises(DownloadError, match="404"):
        fetch_hub("team/net:other.bin")


def test_hub_weights_are_found_offline_afterwards(hub: None, tmp_path: Path) -> None:
    digest = hashlib.sha256(BODY).hexdigest()
    cards = {"net": WeightsCard(name="net", file="net.bin", hub="team/net:file.bin", sha256=digest)}
    with pytest.raises(UserError, match="--offline forbids .*the model hub, team/net:file.bin"):
        WeightsResolver(cards, offline=True, cache=tmp_path).path("net")
    WeightsResolver(cards, cache=tmp_path).path("net")
    assert WeightsResolver(cards, offline=True, cache=tmp_path).status("net").startswith("cached: ")


def test_an_unreachable_hub_falls_back_to_the_url(hub: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def unreachable(repository: str, file: str) -> str:
        raise LocalEntryNotFoundError("not cached") from OSError("no route")

    monkeypatch.setattr(huggingface_hub, "hf_hub_download", unreachable)
    card = WeightsCard(name="net", file="net.bin", hub="team/net:file.bin", url="http://127.0.0.1:9/net.bin")
    with pytest.raises(UserError, match="hub cannot be reached .no route.; the connection failed .*--weights net=PATH"):
        WeightsResolver({"net": card}, cache=tmp_path).path("net")
