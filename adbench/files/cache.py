"""Where adbench keeps what it can make again: decoded images, features, weights, content hashes."""

from __future__ import annotations

import os
from pathlib import Path


def cache_root() -> Path:
    """The cache folder: `ADBENCH_CACHE`, or the user's cache folder of the platform. It need not exist yet."""
    chosen = os.environ.get("ADBENCH_CACHE")
    if chosen:
        return Path(chosen).expanduser()
    import platformdirs

    return platformdirs.user_cache_path("adbench")
