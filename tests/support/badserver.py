"""An HTTP server on this machine that breaks in every way that a download may meet."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread


class BadServer(ThreadingHTTPServer):
    """Serves `body` at any path; each request is answered as the next word of `script` says, the last one for ever.

    Attributes:
        asked: the headers Range and If-Range of each request.
        validators: headers that tell one content from another.
    """

    daemon_threads = True

    def __init__(self, body: bytes, *script: str) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.body = body
        self.script = list(script) or ["good"]
        self.validators = {"ETag": '"1"'}
        self.asked: list[tuple[str | None, str | None]] = []
        self.url = f"http://127.0.0.1:{self.server_port}/set.zip"

    def next_word(self) -> str:
        """How to answer."""
        return self.script.pop(0) if len(self.script) > 1 else self.script[0]

    def handle_error(self, request: object, client_address: object) -> None:
        """Clients that leave are expected."""


class Handler(BaseHTTPRequestHandler):
    """One method a word of the script."""

    server: BadServer

    def do_GET(self) -> None:
        self.server.asked.append((self.headers["Range"], self.headers["If-Range"]))
        word = self.server.next_word()
        if word.isdigit():
            self.send_error(int(word))
        else:
            getattr(self, word)()

    def good(self, send: slice = slice(None), stall: float = 0, length: int | None = None) -> None:
        """Ranges as they should be; only the bytes `send` of the answer's body are sent."""
        body, validators = self.server.body, self.server.validators
        asked = re.fullmatch(r"bytes=(\d+)-", self.headers["Range"] or "")
        same = self.headers["If-Range"] in (None, *validators.values())
        start = int(asked[1]) if asked and same else 0
        if start >= len(body) > 0:
            self.answer(416, b"", {"Content-Range": f"bytes */{len(body)}"})
            return
        headers = {"Content-Range": f"bytes {start}-{len(body) - 1}/{len(body)}"} if asked and same else {}
        self.answer(206 if headers else 200, body[start:], headers | validators, send, stall, length)

    def drop(self) -> None:
        """Leaves in the middle."""
        self.good(slice(len(self.server.body) // 3))

    def stall(self) -> None:
        """Stops in the middle and says nothing more."""
        self.good(slice(len(self.server.body) // 3), stall=1.0)

    def silent(self) -> None:
        """Leaves before the body."""
        self.good(slice(0))

    def noranges(self) -> None:
        """Knows no ranges: always all of it."""
        self.answer(200, self.server.body, self.server.validators)

    def noranges_drop(self) -> None:
        """The same, and leaves in the middle."""
        self.answer(200, self.server.body, self.server.validators, slice(len(self.server.body) // 3))

    def lying(self) -> None:
        """Says that it sends the range, and sends the start."""
        start = int(re.findall(r"\d+", self.headers["Range"] or "0")[0])
        body = self.server.body
        headers = {"Content-Range": f"bytes {start}-{len(body) - 1}/{len(body)}"}
        self.answer(206, body[: len(body) - start], headers)

    def elsewhere(self) -> None:
        """Sends another range than was asked for."""
        body = self.server.body
        self.answer(206, body[1:], {"Content-Range": f"bytes 1-{len(body) - 1}/{len(body)}"})

    def short(self) -> None:
        """Claims to be shorter than it is."""
        self.good(length=len(self.server.body) - 7)

    def nolength(self) -> None:
        """Does not say how long it is: the end of the connection is the end of the file."""
        self.good(length=-1)

    def loop(self) -> None:
        """Redirects to itself."""
        self.answer(302, b"", {"Location": self.path})

    def moved(self) -> None:
        """Redirects elsewhere."""
        self.answer(302, b"", {"Location": "/moved.zip"})

    def empty(self) -> None:
        """Has nothing to say."""
        self.answer(204, b"", {})

    def answer(
        self,
        status: int,
        body: bytes,
        headers: dict[str, str],
        send: slice = slice(None),
        stall: float = 0,
        length: int | None = None,
    ) -> None:
        """Send it; `length` is told instead of the true one, -1 for none."""
        self.send_response(status)
        told = len(body) if length is None else length
        for name, value in (headers | ({"Content-Length": str(told)} if told >= 0 else {})).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body[send])
        self.wfile.flush()
        time.sleep(stall)

    def log_message(self, format: str, *args: object) -> None:
        """Silent."""


@contextmanager
def serving(body: bytes, *script: str) -> Iterator[BadServer]:
    """A server that answers so, while the block runs."""
    with BadServer(body, *script) as server:
        Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield server
        server.shutdown()
