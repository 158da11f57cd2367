"""Cells in a pool of one process, the last first."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import Any

import adbench


def call(job: adbench.Job) -> Any:
    """There."""
    return job()


def run(jobs: Iterator[adbench.Job], track: Any) -> Iterator[tuple[adbench.Job, Any]]:
    """Here."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        for job, future in [(job, pool.submit(call, job)) for job in list(jobs)[::-1]]:
            yield job, future.result()
