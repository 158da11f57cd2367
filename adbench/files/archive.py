"""Unpack a zip or tar archive that nobody vouches for: nothing outside the target, no links, no bombs."""

from __future__ import annotations

import lzma
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import IO

from adbench.errors import UserError
from adbench.files.http import lacking_space

CHUNK_BYTES = 1 << 20
# What the libraries raise on archives that are damaged, cut off or made with a method that they lack.
DAMAGES = (
    zipfile.BadZipFile,
    tarfile.TarError,
    lzma.LZMAError,
    zlib.error,
    EOFError,
    NotImplementedError,
    RuntimeError,
    ValueError,
)


@dataclass(frozen=True)
class Limits:
    """What no honest archive of images exceeds.

    Attributes:
        entries: files and folders.
        bytes: of all files, unpacked.
        ratio: of unpacked to packed bytes; images are packed already. Not looked at below `harmless` bytes.
    """

    entries: int = 1_000_000
    bytes: int = 500 * 10**9
    ratio: float = 100.0
    harmless: int = 100 * 10**6


@dataclass(frozen=True)
class _Entry:
    """One entry of an archive; `kind` is `file`, `folder`, or what else it is."""

    name: str
    kind: str
    size: int
    open: Callable[[], IO[bytes]]


def unpack(archive: Path, target: Path, limits: Limits = Limits()) -> int:
    """Unpack all files of an archive into an empty folder. What has come when it raises stays there.

    Files get the usual permissions and today's date, whatever the archive says.

    Returns:
        The number of files.

    Raises:
        UserError: the archive is damaged or no zip or tar; holds an entry whose path is absolute, leads out of the target or
            names a drive; a link, a device, an encrypted or a doubled file; exceeds a limit; or there is too little space.
    """
    files, entries, written = 0, 0, 0
    most = min(limits.bytes, max(limits.harmless, int(limits.ratio * archive.stat().st_size)))
    with _explained(archive), _opened(archive, target, most) as listed:
        for entry in listed:
            entries += 1
            if entries > limits.entries:
                raise _refused(archive, f"it holds more than {limits.entries} entries")
            place = target.joinpath(*_parts(archive, entry.name))
            if entry.kind == "folder":
                place.mkdir(parents=True, exist_ok=True)
                continue
            if entry.kind != "file":
                raise _refused(archive, f"{entry.name!r} is {entry.kind}")
            place.parent.mkdir(parents=True, exist_ok=True)
            written += entry.size
            if written > most:
                raise _refused(archive, f"its files would take more than {most} bytes, as archives that are traps do")
            if (came := _write(entry, place)) != entry.size:
                raise _refused(archive, f"{entry.name!r} has {came} bytes or more instead of {entry.size}")
            files += 1
    return files


def _write(entry: _Entry, place: Path) -> int:
    """Write a new file; no more than a byte beyond the size that is told, which may be a lie."""
    came = 0
    with entry.open() as source, place.open("xb") as file:
        while chunk := source.read(min(CHUNK_BYTES, entry.size + 1 - came)):
            came += file.write(chunk)
    return came


def _refused(archive: Path, reason: str) -> UserError:
    return UserError(f"{archive} is not unpacked: {reason}.")


@contextmanager
def _explained(archive: Path) -> Iterator[None]:
    try:
        yield
    except FileExistsError as error:
        raise _refused(archive, f"two of its entries are called {Path(error.filename).name!r}") from error
    except NotADirectoryError as error:
        raise _refused(archive, f"an entry lies below a file, {error.filename}") from error
    except DAMAGES as error:
        raise _refused(archive, f"it is damaged or cut off ({str(error) or type(error).__name__})") from error
    except OSError as error:
        # Damage in a bzip2 stream is an OSError without a number.
        reason = f"it cannot be written to disk ({error.strerror})" if error.errno else f"it is damaged ({error})"
        raise _refused(archive, reason) from error


def _parts(archive: Path, name: str) -> tuple[str, ...]:
    """The parts of a relative path that stays below where it begins, on every system."""
    windows = PureWindowsPath(name)
    if not name or "\0" in name or "\\" in name or windows.anchor or ".." in windows.parts:
        raise _refused(archive, f"the path {name!r} is absolute, leads out of the folder or is none")
    return PurePosixPath(name).parts


@contextmanager
def _opened(archive: Path, target: Path, most: int) -> Iterator[Iterator[_Entry]]:
    if zipfile.is_zipfile(archive):
        with zipfile.ZipFile(archive) as opened:
            size = sum(info.file_size for info in opened.infolist())
            if size > most:
                raise _refused(archive, f"its files would take {size} bytes, as archives that are traps do")
            if lacking := lacking_space(target, size):
                raise _refused(archive, lacking)
            yield (_zip_entry(opened, info) for info in opened.infolist())
        return
    with tarfile.open(archive) as opened:
        yield (_tar_entry(opened, member) for member in opened)


def _zip_entry(opened: zipfile.ZipFile, info: zipfile.ZipInfo) -> _Entry:
    mode = info.external_attr >> 16  # of Unix; elsewhere 0
    kind = "folder" if info.is_dir() else "file"
    if info.flag_bits & 1:
        kind = "encrypted"
    elif stat.S_IFMT(mode) not in (0, stat.S_IFREG, stat.S_IFDIR):
        kind = "a link" if stat.S_ISLNK(mode) else "neither a file nor a folder"
    # As it stands in the archive: zipfile cuts `filename` at NUL and mends it for this system.
    return _Entry(info.orig_filename, kind, info.file_size, lambda: opened.open(info))


def _tar_entry(opened: tarfile.TarFile, member: tarfile.TarInfo) -> _Entry:
    def stream() -> IO[bytes]:
        found = opened.extractfile(member)
        assert found is not None  # so it is for files
        return found

    kind = "file" if member.isreg() else "folder" if member.isdir() else "neither a file nor a folder"
    return _Entry(member.name, "a link" if member.issym() or member.islnk() else kind, member.size, stream)
