"""The global generators, from which other libraries draw initial weights and orders."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Seed the global generators of Python, numpy and torch; restore their state afterwards.

    For libraries that take no generator; otherwise use `Context.torch_rng()`.

    Args:
        seed: at least 0; numpy gets it modulo 2^32.
    """
    python_state, numpy_state = random.getstate(), np.random.get_state()  # noqa: NPY002 (other libraries use it)
    with torch.random.fork_rng(devices=range(torch.cuda.device_count())):
        torch.manual_seed(seed)
        np.random.seed(seed % 2**32)  # noqa: NPY002
        random.seed(seed)
        try:
            yield
        finally:
            np.random.set_state(numpy_state)  # noqa: NPY002
            random.setstate(python_state)
