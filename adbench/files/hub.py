"""Files of the model hub, and what a download raises."""

from __future__ import annotations

from pathlib import Path


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
        raise DownloadError(f"the hub cannot be reached ({first_line(error.__cause__ or error)})") from error
    except Exception as error:  # the hub's client changed its HTTP library, and with it what is raised, more than once
        raise DownloadError(first_line(error)) from error


def first_line(error: BaseException) -> str:
    """Its message, short of what follows the first line."""
    return str(error).strip().partition("\n")[0] or type(error).__name__
