"""Run a job in a fresh interpreter, so that the run continues whatever happens to it: an executor to learn from."""

from __future__ import annotations

import pickle
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import torch

import adbench

# The number of threads decides the order of sums, and so the last bits of a score.
PROGRAM = """
import os, pickle, sys
sys.path[:], threads, sent = pickle.load(sys.stdin.buffer)
import torch
torch.set_num_threads(threads)
try:
    answer = (pickle.loads(sent)(), "")
except Exception as error:
    answer = (None, f"{type(error).__name__}: {error}")
with open(sys.argv[1] + ".part", "wb") as file:
    pickle.dump(answer, file)
os.replace(sys.argv[1] + ".part", sys.argv[1])
"""


def run(jobs: Iterable[adbench.Job], progress: Any) -> Iterator[tuple[adbench.Job, Any]]:
    """Run jobs one after the other; progress inside a cell is not visible here."""
    for job in jobs:
        yield job, in_fresh_process(job)


def in_fresh_process(job: adbench.Job) -> Any:
    """The outcome of a job, or a failure if its process ended without one."""
    try:
        sent = pickle.dumps((sys.path, torch.get_num_threads(), pickle.dumps(job)))
    except Exception as error:  # anything a plugin's card or parameters may raise
        return job.failed(f"The cell cannot be sent to its own process: {' '.join(str(error).split())}.")
    with tempfile.TemporaryDirectory(prefix="adbench-process-") as folder:
        answer = Path(folder, "answer")
        # What a method prints belongs to stderr: stdout is for results.
        with subprocess.Popen([sys.executable, "-c", PROGRAM, str(answer)], stdin=subprocess.PIPE, stdout=2) as process:
            try:
                process.communicate(sent)
            except BaseException:  # Ctrl-C, too: the process must not outlive this one
                process.kill()
                raise
        if not answer.is_file():
            return job.failed(f"The process of the cell {_ending(process.returncode)} before the cell was measured.")
        outcome, problem = pickle.loads(answer.read_bytes())  # written by the process started above
    return job.failed(f"The cell cannot be run in its own process: {problem}.") if problem else outcome


def _ending(code: int) -> str:
    if code >= 0:
        return f"left with exit code {code}"
    name = signal.Signals(-code).name if -code in set(signal.Signals) else f"signal {-code}"
    return f"was ended by {name}{' (memory may have run out)' if name == 'SIGKILL' else ''}"
