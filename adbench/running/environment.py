"""What a figure was measured with: versions, device, commit; and the choice of a device."""

from __future__ import annotations

import contextlib
import os
import platform
import subprocess
import sys
from collections.abc import Iterable
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from importlib.resources import files
from pathlib import Path
from typing import Any

from adbench.errors import UserError

# What every figure depends on; the rest is on the methods' cards.
PACKAGES = ("adbench-vision", "torch", "numpy", "pillow", "scipy")


def describe(device: str) -> dict[str, Any]:
    """Versions, platform, device, threads and commit, as JSON values."""
    import torch

    return {
        "python": platform.python_version(),
        "platform": platform.platform(),
        "packages": package_versions(PACKAGES),
        "device": torch.cuda.get_device_name(device) if device.startswith("cuda") else platform.machine(),
        "cuda": torch.version.cuda if device.startswith("cuda") else None,
        "threads": torch.get_num_threads(),
        "cpus": os.cpu_count(),
        "commit": git_commit(),
    }


def package_versions(names: Iterable[str]) -> dict[str, str]:
    """The installed versions of these distributions; one that is not installed is left out."""
    found = {}
    for name in names:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


@cache
def git_commit() -> str | None:
    """The commit of the checkout that adbench runs from, with `+` if it has changes; None outside a checkout."""
    folder = Path(str(files("adbench"))).parent
    if not (folder / ".git").exists():
        return None
    try:
        commit = _git(folder, "rev-parse", "HEAD")
        return commit + ("+" if _git(folder, "status", "--porcelain", "--untracked-files=no") else "")
    except (OSError, subprocess.SubprocessError):
        return None


def _git(folder: Path, *arguments: str) -> str:
    run = subprocess.run(["git", *arguments], cwd=folder, capture_output=True, text=True, timeout=10, check=True)
    return run.stdout.strip()


def choose_device(wanted: str) -> str:
    """`auto` to `cuda` when there is a GPU, else `cpu`; anything else is checked. Raises `UserError` if it is not available."""
    import torch

    if wanted == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    kind, _, index = wanted.partition(":")
    if kind not in ("cpu", "cuda") or (index and not index.isdigit()) or (kind == "cpu" and index):
        raise UserError(f"Unknown device {wanted!r}: use auto, cpu, cuda or cuda:N.")
    if kind == "cuda" and not torch.cuda.is_available():
        raise UserError("--device cuda was asked for, but torch finds no usable GPU here: use --device cpu or auto.")
    if kind == "cuda" and int(index or 0) >= torch.cuda.device_count():
        raise UserError(f"--device {wanted}: there are only {torch.cuda.device_count()} GPUs, numbered from 0.")
    return wanted


def seed_everything(seed: int) -> None:
    """Seed `random`, numpy and torch, and ask for deterministic kernels where there is a choice."""
    import random

    import numpy as np
    import torch

    random.seed(seed)
    np.random.seed(seed % 2**32)  # noqa: NPY002 (what plugins draw from)
    torch.manual_seed(seed)
    torch.backends.cudnn.benchmark = False
    torch.backends.cudnn.deterministic = True


def reset_peak_memory() -> None:
    """Restart the count of the peak where the platform allows it (Linux); elsewhere it covers the whole process."""
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")


def peak_memory_mb() -> float | None:
    """Peak memory of this process since `reset_peak_memory`, in MB; None if the platform does not report it."""
    try:
        status = Path("/proc/self/status").read_text(encoding="ascii", errors="replace")
        return int(status.partition("VmHWM:")[2].split()[0]) / 1024
    except (OSError, ValueError, IndexError):
        pass
    try:
        import resource
    except ImportError:
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1024 * 1024 if sys.platform == "darwin" else 1024)
