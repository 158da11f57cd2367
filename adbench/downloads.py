"""Downloads that are atomic, show their progress, and tell in one sentence why they failed."""

from __future__ import annotations

import sys
from pathlib import Path

CHUNK_BYTES = 1 << 20


class DownloadError(Exception):
    """A download that did not work; the message says why, without a way out."""


def hub_parts(hub: str) -> tuple[str, str]:
    """`owner/repository:file` as (`owner/repository`, `file`)."""
    repository, _, file = hub.partition(":")
    return repository, file


def cached_hub_file(hub: str) -> Path | None:
    """The file of the model hub in its own local cache, shared with timm and open_clip; None where it is not there."""
    from huggingface_hub import try_to_load_from_cache

    found = try_to_load_from_cache(*hub_parts(hub))
    return Path(found) if isinstance(found, str) and Path(found).is_file() else None


def fetch_hub(hub: str) -> Path:
    """Download a file of the model hub to its local cache; resumes what an earlier try left.

    Raises:
        DownloadError: no network, no such repository or file, a full disk.
    """
    from huggingface_hub import hf_hub_download
    from huggingface_hub.errors import LocalEntryNotFoundError

    repository, file = hub_parts(hub)
    try:
        return Path(hf_hub_download(repository, file))
    except LocalEntryNotFoundError as error:
        raise DownloadError(f"the hub cannot be reached ({_first_line(error.__cause__ or error)})") from error
    except Exception as error:  # the hub's client changed its HTTP library, and with it what is raised, more than once
        raise DownloadError(_first_line(error)) from error


def fetch_url(url: str, target: Path, sha256: str = "") -> Path:
    """Download a file to `target`, which exists afterwards only if it is whole and has the hash.

    Args:
        sha256: hex digest, or "" where it is not known.

    Raises:
        DownloadError: no network, an HTTP error, a body that ends early, another hash, a full disk.
    """
    import pooch
    import requests

    # pooch announces each download, and each hash that it was not given, on a logger of its own.
    pooch.get_logger().setLevel("WARNING")
    fetch = pooch.HTTPDownloader(progressbar=sys.stderr.isatty(), chunk_size=CHUNK_BYTES)
    known = f"sha256:{sha256}" if sha256 else None
    try:
        return Path(pooch.retrieve(url, known_hash=known, fname=target.name, path=target.parent, downloader=fetch))
    except requests.HTTPError as error:
        raise DownloadError(_first_line(error)) from error
    except (requests.ConnectionError, requests.exceptions.ChunkedEncodingError, requests.Timeout) as error:
        raise DownloadError(f"the connection failed or ended early: {_first_line(error)}") from error
    except ValueError as error:
        raise DownloadError(f"what came has not the published SHA-256 {sha256}") from error
    except OSError as error:
        raise DownloadError(_first_line(error)) from error


def _first_line(error: BaseException) -> str:
    return str(error).strip().partition("\n")[0] or type(error).__name__
