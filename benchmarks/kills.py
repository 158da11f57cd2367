"""End a run at random instants again and again: nothing that was finished may be lost, and nothing may differ at its end.

    python benchmarks/kills.py [--kills 200] [--seed 0]

The run is a small one of phantoms with two workers. It is ended by SIGKILL, one time in three by SIGINT, after a random time
and started again with the same command. After each end no process and no temporary folder of it may be there within
seconds. Once its folder is complete it is compared with that of an undisturbed run, and begun anew. Prints what was wrong.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

TIDY_SECONDS = 30.0
LONGEST_SECONDS = 600.0
# What a clock decides.
VARYING = ("started", "seconds", "cost", "peak_memory_mb")


class Trial:
    """One command and what becomes of it.

    Args:
        folder: an empty one; the run folder is `run` in it.
        command: writes into that.
        environment: that of the command, given a temporary folder for it.
    """

    def __init__(self, folder: Path, command: list[str], environment: Callable[[Path], dict[str, str]]) -> None:
        self._run, self._temporary = folder / "run", folder / "temporary"
        self._command, self._environment = command, environment
        self._temporary.mkdir()
        self.ended = 0

    def kill(self, times: int, seed: int, reference: Path | None = None) -> list[str]:
        """End it so often, then let it end by itself. Returns what was wrong, one sentence each."""
        wrong: list[str] = []
        chance = random.Random(seed)
        usual = self._to_its_end()
        if reference:
            wrong += self.compare(reference)
        shutil.rmtree(self._run)
        for number in range(times):
            before = self._finished()
            with self._start() as process:
                how = signal.SIGINT if number % 3 == 2 else signal.SIGKILL
                try:
                    process.wait(chance.uniform(0, usual))
                    whole = True
                except subprocess.TimeoutExpired:
                    whole = False
                    self.ended += 1
                    process.send_signal(how)
                    process.wait(LONGEST_SECONDS)
            wrong += [f"kill {number} ({how.name}): {problem}" for problem in (*self._left(), *self._lost(before))]
            if whole:
                if reference:
                    wrong += self.compare(reference)
                shutil.rmtree(self._run)
        self._to_its_end()
        return wrong

    def compare(self, other: Path) -> list[str]:
        """How the run folder differs from that of another run of the same command."""
        ours, theirs = self._finished(), finished(other)
        wrong = [f"{name} is in one run only" for name in sorted(set(ours) ^ set(theirs))]
        for name in sorted(set(ours) & set(theirs)):
            records = [{k: v for k, v in found[name].items() if k not in VARYING} for found in (ours, theirs)]
            scores = [(folder / "cells" / name / "scores.parquet").read_bytes() for folder in (self._run, other)]
            if records[0] != records[1] or scores[0] != scores[1]:
                wrong.append(f"{name} differs")
        return wrong

    def _to_its_end(self) -> float:
        start = time.monotonic()
        with self._start() as process:
            if code := process.wait(LONGEST_SECONDS):
                raise SystemExit(f"The command ends with {code} by itself.")
        return time.monotonic() - start

    def _start(self) -> subprocess.Popen:
        environment = self._environment(self._temporary)
        return subprocess.Popen(self._command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def _finished(self) -> dict[str, dict]:
        return finished(self._run)

    def _lost(self, before: dict[str, dict]) -> Iterator[str]:
        after = self._finished()
        for name, record in before.items():
            if after.get(name) != record:
                yield f"the finished cell {name} was {'computed again' if name in after else 'lost'}"

    def _left(self) -> Iterator[str]:
        deadline = time.monotonic() + TIDY_SECONDS
        while (rest := [*self._temporary.iterdir(), *self._processes()]) and time.monotonic() < deadline:
            time.sleep(0.05)
        if rest:
            yield f"left behind: {', '.join(map(str, rest))}"
            for folder in self._temporary.iterdir():
                shutil.rmtree(folder, ignore_errors=True)

    def _processes(self) -> Iterator[str]:
        for process in Path("/proc").glob("[0-9]*"):
            try:
                if os.readlink(process / "cwd").startswith(str(self._temporary)):
                    yield f"process {process.name}"
            except OSError:
                continue


def finished(run: Path) -> dict[str, dict]:
    """The records of the finished cells of a run folder by id."""
    records = [json.loads(file.read_text()) for file in run.glob("cells/[!.]*/cell.json")]
    return {record["id"]: record for record in records if record["status"] == "done"}


def main() -> None:
    """See above."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        entry = [sys.executable, "-c", "from adbench.cli.main import main; main()", "run"]
        grid = [
            "--methods",
            "mkd",
            "--datasets",
            "phantom-brain,phantom-chest",
            "--seeds",
            "0-2",
            "--limit",
            "4",
            "--device",
            "cpu",
        ]
        variables = {**os.environ, "OMP_NUM_THREADS": "1", "ADBENCH_CACHE": str(folder / "cache")}
        clean = folder / "clean"
        subprocess.run([*entry, *grid, "--out", str(clean)], env=variables, check=True)
        command = [*entry, *grid, "--workers", "2", "--out", str(folder / "run")]
        trial = Trial(folder, command, lambda temporary: {**variables, "TMPDIR": str(temporary)})
        wrong = trial.kill(chosen.kills, chosen.seed, clean) + trial.compare(clean)
    print(
        "\n".join(wrong) or "Nothing was lost, and nothing differs.",
        f"{trial.ended} of {chosen.kills} runs were ended early.",
        sep="\n",
    )
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
