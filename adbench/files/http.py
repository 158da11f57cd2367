"""A file over HTTP: resumed where an earlier try broke off, and whole with its hash, or not there at all."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from adbench.files.hub import DownloadError, first_line

if TYPE_CHECKING:
    import requests

CHUNK_BYTES = 1 << 16  # what came of a chunk is lost when the connection breaks
ATTEMPTS = 5  # in a row that bring nothing new
PAUSE_SECONDS = 1.0  # after the first of them; doubles
TIMEOUT_SECONDS = (20.0, 60.0)  # to connect, and between two chunks
# Answers that a later try may change: request timeout, too many requests, and what servers and proxies say when overloaded.
PASSING = {408, 425, 429, 500, 502, 503, 504}


class _Interrupted(Exception):
    """A try that ended early; another one may go on."""


@dataclass
class _Part:
    """What came so far, in two files beside the target: the bytes, and what tells whether the server's file is the same."""

    target: Path
    url: str
    verified: bool  # a hash will tell afterwards whether the parts fit

    @property
    def bytes(self) -> Path:
        return self.target.with_name(f"{self.target.name}.part")

    @property
    def facts(self) -> Path:
        return self.target.with_name(f"{self.target.name}.part.json")

    def size(self) -> int:
        return self.bytes.stat().st_size if self.bytes.exists() else 0

    def noted(self) -> dict[str, Any]:
        """Validator and length of the file that the bytes are of; empty where they cannot be used."""
        try:
            facts = json.loads(self.facts.read_text())
        except (OSError, ValueError):
            return {}
        usable = isinstance(facts, dict) and facts.get("url") == self.url and (facts.get("validator") or self.verified)
        return facts if usable else {}

    def begin(self, response: requests.Response, length: int | None) -> None:
        """Forget what came before, and note what comes now."""
        etag = response.headers.get("ETag", "")
        # A weak tag promises the same meaning, not the same bytes.
        validator = etag if etag and not etag.startswith("W/") else response.headers.get("Last-Modified", "")
        self.bytes.write_bytes(b"")
        self.facts.write_text(json.dumps({"url": self.url, "validator": validator, "length": length}))

    def discard(self) -> None:
        self.bytes.unlink(missing_ok=True)
        self.facts.unlink(missing_ok=True)

    def place(self) -> Path:
        os.replace(self.bytes, self.target)
        self.facts.unlink(missing_ok=True)
        return self.target


def fetch_url(url: str, target: Path, sha256: str = "") -> Path:
    """Download a file to `target`, which exists afterwards only if it is whole and has the hash.

    A try that breaks off is repeated, and goes on where it ended if the server serves ranges of a file that is still
    the same (`If-Range`); so does the next call after one that gave up. Otherwise the file is downloaded from its
    start.

    Args:
        sha256: hex digest, or "" where it is not known.

    Raises:
        DownloadError: no network, an HTTP error, a body that ends early again and again, another hash, a full disk.
    """
    import requests

    part = _Part(target, url, bool(sha256))
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        for _ in range(2):
            together = _complete(url, part)
            if not sha256 or file_sha256(part.bytes) == sha256:
                return part.place()
            part.discard()
            if not together:  # else the parts did not fit: once more from the start
                break
        raise DownloadError(f"what came has not the published SHA-256 {sha256}")
    except (requests.ConnectionError, requests.Timeout) as error:
        raise DownloadError(f"the connection failed or ended early: {first_line(error)}") from error
    except (requests.RequestException, OSError) as error:
        raise DownloadError(first_line(error)) from error


def lacking_space(folder: Path, needed: int) -> str:
    """What lacks to hold so many more bytes, in words, or ""."""
    from rich.filesize import decimal

    free = shutil.disk_usage(folder).free
    return f"{decimal(needed)} are needed in {folder}, and {decimal(free)} are free" if needed > free else ""


def file_sha256(path: Path) -> str:
    """Hex SHA-256 of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _complete(url: str, part: _Part) -> bool:
    """Try until all is there. True where it was put together from parts."""
    import requests

    most, failures, together = part.size(), 0, False
    with requests.Session() as session:
        while True:
            try:
                return _once(session, url, part) or together
            except _Interrupted as error:
                came = part.size()
                together = together or came > 0
                failures = 1 if came > most else failures + 1
                most = max(most, came)
                if failures >= ATTEMPTS:
                    if not part.noted():
                        part.discard()
                    kept = "; what came is kept, and the next try goes on from there" if part.size() else ""
                    raise DownloadError(f"the connection failed or ended early, {failures} times: {error}{kept}") from error
            time.sleep(PAUSE_SECONDS * 2 ** (failures - 1))


def _once(session: requests.Session, url: str, part: _Part) -> bool:
    """One request. True where it went on from what was there."""
    import requests

    noted = part.noted()
    have = part.size() if noted else 0
    headers = {"Accept-Encoding": "identity"}
    if have:
        headers |= {"Range": f"bytes={have}-"} | ({"If-Range": noted["validator"]} if noted["validator"] else {})
    try:
        response = session.get(url, headers=headers, stream=True, timeout=TIMEOUT_SECONDS)
    except (requests.ConnectionError, requests.Timeout) as error:
        if not part.size():  # there may be no network at all: say so at once
            raise
        raise _Interrupted(first_line(error)) from error
    with response:
        if response.status_code == 416 and have and _range(response) == (None, have):
            return True  # all was there
        start, length = _answer(response, have, noted, part)
        if length is not None and (lacking := lacking_space(part.target.parent, length - start)):
            raise DownloadError(lacking)
        if not start:
            part.begin(response, length)
        try:
            _append(response, part, start, length)
        except (requests.ConnectionError, requests.Timeout, requests.exceptions.ChunkedEncodingError) as error:
            raise _Interrupted(first_line(error)) from error
    if length is not None and part.size() != length:
        raise _Interrupted(f"{part.size()} of {length} bytes came")
    return start > 0


def _answer(response: requests.Response, have: int, noted: dict[str, Any], part: _Part) -> tuple[int, int | None]:
    """Where the body begins, and the length of the whole file, if it is told."""
    status = response.status_code
    if status in PASSING:
        raise _Interrupted(f"{status} {response.reason}")
    if status == 200:
        told = response.headers.get("Content-Length", "")
        return 0, int(told) if told.isdecimal() and "Content-Encoding" not in response.headers else None
    if status in (206, 416):
        start, length = _range(response)
        if status == 206 and start == have and noted.get("length") in (length, None):
            return have, length
        part.discard()
        raise _Interrupted("the server sent another part than the one that was asked for")
    raise DownloadError(f"{status} {response.reason} for {response.url}")


def _range(response: requests.Response) -> tuple[int | None, int | None]:
    """First byte and whole length of `Content-Range`: `bytes 10-99/100`, `bytes */100`."""
    found = re.fullmatch(r"bytes (?:(\d+)-\d+|\*)/(?:(\d+)|\*)", response.headers.get("Content-Range", "").strip())
    start, length = found.groups() if found else (None, None)
    return int(start) if start else None, int(length) if length else None


def _append(response: requests.Response, part: _Part, start: int, length: int | None) -> None:
    from tqdm import tqdm

    hidden = not sys.stderr.isatty()
    bar = tqdm(total=length, initial=start, desc=part.target.name, unit="B", unit_scale=True, disable=hidden, leave=False)
    with bar, part.bytes.open("ab") as file:
        for chunk in response.iter_content(CHUNK_BYTES):
            file.write(chunk)
            bar.update(len(chunk))
