"""Try every reader of files of others with files that are almost right: it reads them, or says in one sentence why not.

    python benchmarks/fuzz.py [--reader NAME] [--minutes M]

Each reader runs in a process of its own, so that one that dies of a file is found out, too. A failure prints the smallest file
that shows it.
"""

from __future__ import annotations

import argparse
import faulthandler
import logging
import random
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from hypothesis import HealthCheck, Phase, given, seed, settings

from fuzzing.readers import READERS, attempt

ROUND = 200  # files between two looks at the clock
HANGS = 60  # seconds after which a file counts as one that never ends


def fuzz(name: str, seconds: float) -> int:
    """Try one reader for so long; returns the number of files tried. Raises what it raised."""
    reader, tried, end = READERS[name], 0, time.monotonic() + seconds
    with tempfile.TemporaryDirectory() as folder:

        def once(content: object) -> None:
            nonlocal tried
            tried += 1
            faulthandler.dump_traceback_later(HANGS, exit=True)
            attempt(reader, Path(folder), content)
            faulthandler.cancel_dump_traceback_later()

        while time.monotonic() < end:
            quiet = settings(
                max_examples=ROUND,
                deadline=None,
                database=None,
                suppress_health_check=list(HealthCheck),
                phases=(Phase.generate, Phase.shrink),
            )
            seed(random.getrandbits(64))(quiet(given(reader.contents())(once)))()
    return tried


def main() -> int:
    """Exit code 1 if a reader failed."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--reader", choices=list(READERS), action="append", help="only this one; repeatable")
    parser.add_argument("--minutes", type=float, default=10, help="of each reader")
    asked = parser.parse_args()
    if asked.reader and len(asked.reader) == 1:
        faulthandler.enable()
        warnings.simplefilter("ignore")
        logging.disable()
        started = time.monotonic()
        tried = fuzz(asked.reader[0], 60 * asked.minutes)
        print(f"{asked.reader[0]}: {tried} files in {time.monotonic() - started:.0f} s")
        return 0
    failed = []
    for name in asked.reader or READERS:
        command = [sys.executable, __file__, "--reader", name, "--minutes", str(asked.minutes)]
        if subprocess.run(command).returncode:
            print(f"{name}: FAILED")
            failed.append(name)
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main())
