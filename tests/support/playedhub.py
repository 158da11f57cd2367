"""The model hub, simulated by a local server."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import huggingface_hub.constants
import pytest


class PlayedHub(ThreadingHTTPServer):
    """Repositories of one owner, each with the same files.

    Attributes:
        commits: commit hash to (file to bytes); the last one is the head of the main branch.
        asked: method and path of each request for a file.
        cuts: how many of the next answers are cut off in the middle.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.commits: dict[str, dict[str, bytes]] = {}
        self.asked: list[str] = []
        self.cuts = 0
        self.url = f"http://127.0.0.1:{self.server_port}"

    def resolved(self, path: str) -> tuple[str, bytes | None]:
        """Commit and content of `/team/net/resolve/REVISION/FILE`; None if missing."""
        found = re.fullmatch(r"/(?:datasets/)?team/\w+/resolve/(\w+)/(.+)", path)
        if not found or not self.commits:
            return "", None
        commit = list(self.commits)[-1] if found[1] == "main" else found[1]
        return commit, self.commits.get(commit, {}).get(found[2])

    def handle_error(self, request: object, client_address: object) -> None:
        """Ignore clients that disconnect."""


class Handler(BaseHTTPRequestHandler):
    """Answers as the hub does."""

    server: PlayedHub

    def do_HEAD(self) -> None:
        self.answer()

    def do_GET(self) -> None:
        body = self.answer()
        if self.server.cuts:
            self.server.cuts -= 1
            body = body[: len(body) // 2]
        self.wfile.write(body)

    def answer(self) -> bytes:
        """Send the headers; returns the body."""
        if "/resolve/" in self.path:
            self.server.asked.append(f"{self.command} {self.path}")
        commit, body = self.server.resolved(self.path)
        start = int(re.sub(r"\D", "", self.headers["Range"] or "0"))
        self.send_response(404 if body is None else 206 if start else 200)
        if body is None:
            self.send_header("X-Error-Code", "EntryNotFound" if commit in self.server.commits else "RevisionNotFound")
            body = b""
        else:
            self.send_header("ETag", f'"{hashlib.sha256(body).hexdigest()}"')
            self.send_header("X-Repo-Commit", commit)
            if start:
                self.send_header("Content-Range", f"bytes {start}-{len(body) - 1}/{len(body)}")
        self.send_header("Content-Length", str(len(body) - start))
        self.end_headers()
        return body[start:]

    def log_message(self, format: str, *args: object) -> None:
        """Silent."""


@contextmanager
def playing_hub(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[PlayedHub]:
    """The hub's client uses this server and a cache in the folder, while the block runs."""
    with PlayedHub() as server:
        Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        # What HF_ENDPOINT sets when the client is imported.
        monkeypatch.setattr(huggingface_hub.constants, "ENDPOINT", server.url)
        template = f"{server.url}/{{repo_id}}/resolve/{{revision}}/{{filename}}"
        monkeypatch.setattr(huggingface_hub.constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
        monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(folder))
        yield server
        server.shutdown()
