"""The environment variables of a contestant."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

# What a contestant's environment keeps: nothing that names data or results.
KEPT_VARIABLES = frozenset(("PATH", "LANG", "LANGUAGE", "TZ", "USER", "LOGNAME", "no_proxy", "http_proxy", "https_proxy"))
KEPT_PREFIXES = (
    *("LC_", "CUDA", "NVIDIA", "NCCL", "CUDNN", "CUBLAS", "HIP_", "HSA_", "ROCR_", "LD_", "DYLD_", "PYTHON", "TORCH", "PYTORCH"),
    *("OMP_", "GOMP_", "KMP_", "MKL_", "OPENBLAS_", "NUMEXPR_", "VECLIB_", "SSL_", "REQUESTS_"),
)


def environment(given: Mapping[str, str], hidden: Iterable[Path], home: Path, sandboxed: bool) -> dict[str, str]:
    """What is left of an environment: nothing that names one of the hidden folders, and Python's path as it is here.

    Args:
        home: a folder in which imported modules may keep what they make once.
        sandboxed: there will be no shared memory.
    """
    secret = [str(folder) for folder in hidden]
    kept = {
        name: value
        for name, value in given.items()
        if (name in KEPT_VARIABLES or name.startswith(KEPT_PREFIXES)) and not any(text in value for text in secret)
    }
    path = [entry or os.getcwd() for entry in sys.path]
    return {
        **kept,
        "PYTHONPATH": os.pathsep.join(path),
        "HOME": str(home),
        **({"JOBLIB_MULTIPROCESSING": "0"} if sandboxed else {}),  # else joblib complains of it when it is imported
    }
