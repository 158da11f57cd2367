"""One digest over the contents of many files; what a file held is remembered by its inode, size and times."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

from adbench.errors import UserError
from adbench.files.stamps import facts_of
from adbench.files.untrusted import open_regular

KIND = "sha256"


def fingerprint_files(files: Iterable[tuple[str, Path]], extra: str = "") -> str:
    """Hex SHA-256 over (identity, content) of all files, in any order, and over `extra`.

    Args:
        files: identity, the same on every machine (`test/Ungood/00003_60`), and where the file lies here.
        extra: anything else that should change the fingerprint.

    Raises:
        UserError: a file is missing or cannot be read.
    """
    named = sorted(files, key=lambda pair: pair[0])
    contents = content_hashes([path for _, path in named])
    digest = hashlib.sha256(extra.encode())
    for identity, path in named:
        # Lengths first: no two lists of files may run together to the same bytes.
        name = identity.encode(errors="surrogateescape")
        digest.update(b"%d:%s:%s" % (len(name), name, contents[path].encode()))
    return digest.hexdigest()


def content_hashes(paths: Iterable[Path]) -> dict[Path, str]:
    """Hex SHA-256 of each file; one that did not change is not read again, see `adbench.files.stamps.facts_of`.

    Raises:
        UserError: a file is missing or cannot be read.
    """
    return facts_of(KIND, paths, _hash)


def _hash(path: Path) -> str:
    try:
        with open_regular(path) as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise UserError(
            f"{path} cannot be read ({error.strerror}): restore the file or its permissions, or remove it."
        ) from error
