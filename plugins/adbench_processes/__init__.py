"""Every cell in its own process: the card."""

from __future__ import annotations

import adbench

PROCESS = adbench.ExecutorCard(
    name="process",
    title="One cell after the other, each in a fresh process that starts its contestant: an example",
    factory="adbench_processes.process:run",
)


@adbench.hookimpl
def adbench_executors() -> list[adbench.ExecutorCard]:
    """One."""
    return [PROCESS]
