"""A file over HTTP, by pooch: whole and with its hash, or not there at all."""

from __future__ import annotations

import shutil
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from adbench.files.hub import DownloadError, first_line, wrong_hash

if TYPE_CHECKING:
    import requests

CHUNK_BYTES = 1 << 20
ATTEMPTS = 5
PAUSE_SECONDS = 1.0  # after the first of them; doubles
TIMEOUT_SECONDS = (20.0, 60.0)  # to connect, and between two chunks
# Answers that a later try may change: request timeout, too many requests, and what servers and proxies say when overloaded.
PASSING = {408, 425, 429, 500, 502, 503, 504}


def fetch_url(url: str, target: Path, sha256: str = "") -> Path:
    """Download a file to `target`, which exists afterwards only if it is whole and has the hash.

    A file that is there already is kept if it has the hash, or if none is known. A try that breaks off is repeated from
    the start. Several processes may do this at once: each downloads, and the file is put into place in one step.

    Args:
        sha256: hex digest, or "" where it is not known.

    Raises:
        DownloadError: no network, which is not tried again; an HTTP error; a body that ends early again and again; another
            hash; a folder that cannot be written; a full disk.
    """
    import pooch
    import requests

    pooch.get_logger().setLevel("WARNING")  # it says every download on stderr
    download = _Download(target.parent)
    attempt = 1
    while True:
        try:
            pooch.retrieve(url, sha256 or None, target.name, target.parent, downloader=download)
            return target
        except requests.RequestException as error:
            if attempt == ATTEMPTS or not (download.answered and _passing(error)):
                raise DownloadError(_in_words(error, attempt)) from error
        except ValueError as error:
            raise wrong_hash(sha256) from error
        except OSError as error:
            raise DownloadError(first_line(error.__cause__ or error)) from error
        time.sleep(PAUSE_SECONDS * 2 ** (attempt - 1))
        attempt += 1


def lacking_space(folder: Path, needed: int) -> str:
    """What lacks to hold so many more bytes, in words, or ""."""
    from rich.filesize import decimal

    free = shutil.disk_usage(folder).free
    return f"{decimal(needed)} are needed in {folder}, and {decimal(free)} are free" if needed > free else ""


@dataclass
class _Download:
    """What pooch calls: its own HTTP downloader, with what that leaves out.

    Attributes:
        folder: where the file comes.
        answered: a server did, at some time: there is a network.
        length: what the server said last; None where it did not.
    """

    folder: Path
    answered: bool = False
    length: int | None = None

    def __call__(self, url: str, output_file: str, pooch: object) -> None:
        import requests
        from pooch import HTTPDownloader

        Path(output_file).unlink()  # nobody else may read it; made anew, it has the usual permissions
        HTTPDownloader(
            progressbar=sys.stderr.isatty(),
            chunk_size=CHUNK_BYTES,
            timeout=TIMEOUT_SECONDS,
            headers={"Accept-Encoding": "identity"},
            hooks={"response": self._look},
        )(url, output_file, pooch)
        came = Path(output_file).stat().st_size
        if self.length not in (None, came):
            raise requests.ConnectionError(f"{came} of {self.length} bytes came")

    def _look(self, response: requests.Response, **options: Any) -> None:
        """Raise for an answer that brings no file, or more than fits."""
        import requests

        self.answered = True
        if response.is_redirect:
            return
        if response.status_code != 200:
            raise requests.HTTPError(f"{response.status_code} {response.reason} for {response.url}", response=response)
        told = response.headers.get("Content-Length", "")
        self.length = int(told) if told.isdecimal() and "Content-Encoding" not in response.headers else None
        if self.length is not None and (lacking := lacking_space(self.folder, self.length)):
            raise DownloadError(lacking)


def _passing(error: requests.RequestException) -> bool:
    """Whether another try may go better."""
    import requests

    if isinstance(error, requests.HTTPError):
        return error.response.status_code in PASSING
    return isinstance(error, (requests.ConnectionError, requests.Timeout, requests.exceptions.ChunkedEncodingError))


def _in_words(error: requests.RequestException, attempts: int) -> str:
    import requests

    times = f", {attempts} times" if attempts > 1 else ""
    if isinstance(error, requests.HTTPError) or not _passing(error):
        return f"{first_line(error)}{times}"
    return f"the connection failed or ended early{times}: {first_line(error)}"
