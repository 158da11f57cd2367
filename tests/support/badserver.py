"""A local HTTP server that fails in every way a download may meet."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread


class BadServer(ThreadingHTTPServer):
    """Serves `body` at any path; each request takes the next word of `script`, then the last one forever.

    Attributes:
        asked: the path of each request.
    """

    daemon_threads = True

    def __init__(self, body: bytes, *script: str) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.body = body
        self.script = list(script) or ["good"]
        self.asked: list[str] = []
        self.url = f"http://127.0.0.1:{self.server_port}/set.zip"

    def next_word(self) -> str:
        """How to answer."""
        return self.script.pop(0) if len(self.script) > 1 else self.script[0]

    def handle_error(self, request: object, client_address: object) -> None:
        """Ignore clients that disconnect."""


class Handler(BaseHTTPRequestHandler):
    """One method per word of the script."""

    server: BadServer

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        word = self.server.next_word()
        if word.isdigit():
            self.send_error(int(word))
        else:
            getattr(self, word)()

    def good(self) -> None:
        """Answers correctly."""
        self.answer()

    def drop(self) -> None:
        """Disconnects in the middle."""
        self.answer(send=len(self.server.body) // 3)

    def stall(self) -> None:
        """Stops in the middle and stays silent."""
        self.answer(send=len(self.server.body) // 3, stall=1.0)

    def silent(self) -> None:
        """Disconnects before the body."""
        self.answer(send=0)

    def short(self) -> None:
        """Declares too short a length."""
        self.answer(length=len(self.server.body) - 7)

    def nolength(self) -> None:
        """Declares no length: the connection's end is the file's end."""
        self.answer(length=-1)

    def loop(self) -> None:
        """Redirects to itself."""
        self.answer(302, {"Location": self.path})

    def moved(self) -> None:
        """Redirects elsewhere."""
        self.answer(302, {"Location": "/moved.zip"})

    def empty(self) -> None:
        """Sends an empty body."""
        self.answer(204)

    def answer(
        self,
        status: int = 200,
        headers: dict[str, str] | None = None,
        send: int | None = None,
        stall: float = 0,
        length: int | None = None,
    ) -> None:
        """Send the first `send` bytes of the body (None = all), declaring `length` instead of the true one (-1 = none)."""
        body = self.server.body if status == 200 else b""
        self.send_response(status)
        told = len(body) if length is None else length
        for name, value in ((headers or {}) | ({"Content-Length": str(told)} if told >= 0 else {})).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body[:send])
        self.wfile.flush()
        time.sleep(stall)

    def log_message(self, format: str, *args: object) -> None:
        """Silent."""


@contextmanager
def serving(body: bytes, *script: str) -> Iterator[BadServer]:
    """A server with this script, while the block runs."""
    with BadServer(body, *script) as server:
        Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield server
        server.shutdown()
