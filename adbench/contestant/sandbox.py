"""What a contestant may read and write: its imports, weights and own scratch folder; no data, no results."""

from __future__ import annotations

import glob
import os
import sys
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from adbench.contestant.landlock import Access

# Libraries and settings of the system. Of `/proc` only what tells of the machine: see `of_cell` for its own process.
SYSTEM = (
    "/usr",
    "/lib",
    "/lib32",
    "/lib64",
    "/bin",
    "/sbin",
    "/etc",
    "/nix/store",
    "/sys",
    "/run/nvidia-persistenced",
    "/run/systemd/resolve",
)
MACHINE = ("cpuinfo", "meminfo", "stat", "filesystems", "version", "sys", "driver", "devices", "modules", "mounts", "uptime")
DEVICES = ("/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom", "/dev/nvidia*", "/dev/dri", "/dev/kfd")
VARIABLES = ("LD_LIBRARY_PATH", "CUDA_HOME", "CUDA_PATH")
DEEPEST = 12


def of_run(
    weights: Iterable[str | Path],
    forbidden: Iterable[str | Path],
    scratch: str | Path,
    offline: bool,
    packages: Iterable[str] = (),
    home: Iterable[str | Path] = (),
) -> Access:
    """What the process that starts contestants may do: it imports their code.

    Args:
        weights: files and folders of weights.
        forbidden: folders of data and results; where a folder of imports holds one, only what lies beside it is readable.
        scratch: the folder of all scratch folders of the run.
        offline: no TCP connections.
        packages: folders of imports beside those of Python's path.
        home: folders in which modules keep what they make once, when they are imported; to contestants only for reading.
    """
    kept_out = [os.path.realpath(folder) for folder in forbidden]
    places = [*SYSTEM, *packages, *filter(None, sys.path), sys.prefix, sys.base_prefix, sys.exec_prefix]
    places += [place for name in VARIABLES for place in os.environ.get(name, "").split(os.pathsep) if place]
    roots = dict.fromkeys(os.path.realpath(place) for place in places)
    read = [path for root in roots for path in without(root, kept_out)]
    files = [os.path.realpath(file) for file in weights]
    devices = [path for pattern in DEVICES for path in glob.glob(pattern)]
    homes = [os.path.realpath(folder) for folder in home]
    return Access((*read, *files, *homes, "/proc"), tuple(devices), (os.path.realpath(scratch), *homes), not offline)


def of_cell(access: Access, scratch: str | Path) -> Access:
    """What is left of it to one contestant, asked in its process: of scratch folders its own, of processes itself."""
    read = [path for path in access.read if path != "/proc"]
    return replace(
        access,
        read=(*read, *(f"/proc/{name}" for name in MACHINE), "/proc/self"),
        write=(os.path.realpath(scratch),),
    )


def without(root: str, kept_out: list[str]) -> Iterator[str]:
    """The root, or where it holds a folder that is kept out, what lies in it beside that."""
    return _without(Path(root), [Path(folder) for folder in kept_out], 0)


def _without(root: Path, kept_out: list[Path], depth: int) -> Iterator[str]:
    held = [folder for folder in kept_out if folder.is_relative_to(root)]
    if not held:
        yield str(root)
        return
    if depth > DEEPEST:
        return
    try:
        beside = sorted(root.iterdir())
    except OSError:
        return
    for path in beside:
        if root in held:  # imports and data in one folder: only what looks like code
            if path.suffix == ".py" or (path / "__init__.py").is_file():
                yield from _without(path, [folder for folder in kept_out if folder != root], depth + 1)
        elif not path.is_symlink():
            yield from _without(path, kept_out, depth + 1)
