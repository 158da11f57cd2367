"""Files of the model hub, and what a download raises.

A file is named `owner/repository:file`, or `datasets/owner/repository:file` in a repository of data, and is of a revision:
a commit hash. Where none is named, the hub's main branch is resolved once, by the download. The hub's client keeps the file
in a folder that is called after the commit, and there it is found from then on: a branch that moves changes nothing.
"""

from __future__ import annotations

import glob
import warnings
from pathlib import Path
from typing import Any

DATASETS = "datasets/"


class DownloadError(Exception):
    """A download that did not work; the message says why, without a way out."""


def wrong_hash(sha256: str) -> DownloadError:
    """For what came whole, and is not what was published."""
    return DownloadError(f"what came has not the published SHA-256 {sha256}")


def hub_cache() -> Path:
    """The hub client's own cache, which timm and open_clip share."""
    from huggingface_hub import constants

    return Path(constants.HF_HUB_CACHE)


def cached_hub_file(hub: str, revision: str = "") -> Path | None:
    """The file in the hub client's own cache, which timm and open_clip share; None where it is not there.

    Without a revision it is the file that came first, whatever other programs have got of newer commits since.
    """
    from huggingface_hub.file_download import repo_folder_name

    repository, file, kind = hub_parts(hub)
    snapshots = hub_cache() / repo_folder_name(repo_id=repository, repo_type=kind) / "snapshots"
    found = [path for path in snapshots.glob(f"{revision or '*'}/{glob.escape(file)}") if path.is_file()]
    return min(found, key=lambda path: (path.lstat().st_mtime_ns, path), default=None)


def fetch_hub(hub: str, revision: str = "") -> Path:
    """Download a file to the hub client's cache, whose lock makes processes wait for each other.

    A connection that breaks is gone on with; a call that gave up leaves nothing.

    Raises:
        DownloadError: no network, no such repository, revision or file, a full disk.
    """
    return _download(hub, revision)


def fetch_hub_into(folder: Path, hub: str, revision: str, sha256: str) -> Path:
    """Download a file below a folder of its own and out of the cache: it is needed once. It stays only with the right hash.

    Nothing is done where an earlier call left it.

    Raises:
        DownloadError: as `fetch_hub`, or another hash.
    """
    from pooch import file_hash

    path = folder / hub_parts(hub)[1]
    if path.is_file() and file_hash(str(path)) == sha256:
        return path
    path.unlink(missing_ok=True)  # the client would take it for the right one where its own note says so
    _download(hub, revision, local_dir=folder)
    if file_hash(str(path)) != sha256:
        path.unlink()
        raise wrong_hash(sha256)
    return path


def hub_parts(hub: str) -> tuple[str, str, str]:
    """`owner/repository:file` as (`owner/repository`, `file`, `model`); `datasets/owner/...` is of the kind `dataset`."""
    repository, _, file = hub.removeprefix(DATASETS).partition(":")
    return repository, file, "dataset" if hub.startswith(DATASETS) else "model"


def first_line(error: BaseException) -> str:
    """Its message, short of what follows the first line."""
    return str(error).strip().partition("\n")[0] or type(error).__name__


def _download(hub: str, revision: str, **where: Any) -> Path:
    from huggingface_hub import hf_hub_download
    from huggingface_hub.errors import LocalEntryNotFoundError

    repository, file, kind = hub_parts(hub)
    try:
        with warnings.catch_warnings():
            # The client warns, and fills the disk.
            warnings.filterwarnings("error", "Not enough free disk space")
            return Path(hf_hub_download(repository, file, repo_type=kind, revision=revision or None, **where))
    except LocalEntryNotFoundError as error:
        raise DownloadError(f"the hub cannot be reached ({first_line(error.__cause__ or error)})") from error
    except Exception as error:  # the hub's client changed its HTTP library, and with it what is raised, more than once
        raise DownloadError(first_line(error)) from error
