"""What a cell runs under: seeds, and the peak of memory."""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path


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
