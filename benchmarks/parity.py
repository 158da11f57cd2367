"""Compare the product with golden arrays: `python benchmarks/parity.py FOLDER [--only PART]`.

Prints one line per array. Exits 1 on a deviation above the tolerance of the folder's README, on a file or array of the
chosen parts that no check read, and on a missing file. Folders of methods that the product does not have are reported as
not covered.
"""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from pathlib import Path

from parity_checks.report import Report

PARTS = ("clip", "mvfa", "e2e", "metrics", "april", "bgad", "dra", "medclip", "mkd")
# Parts that need more than the check of their name, and parts whose arrays are not all in the folder of that name.
ALSO_RUN = {"mvfa": ("clip",)}
OWNED = {"clip": ("clip/*", "mvfa/text.npz:*", "mvfa/backbone.npz:*"), "mvfa": ("clip/*", "mvfa/*")}
# Methods in the folder that the product does not have, so there is nothing to compare.
NOT_COVERED = {
    "aa-clip": "AA-CLIP",
    "anomalyclip": "AnomalyCLIP",
    "anomalydino": "AnomalyDINO",
    "iqe-clip": "IQE-CLIP",
    "madclip": "MadCLIP",
    "mediclip": "MediCLIP",
    "subspacead": "SubspaceAD",
}


def run(folder: Path, parts: list[str] | None = None) -> int:
    """Run the checkers of these parts (None = all, and then nothing in the folder may be left) and return the exit status."""
    everything = parts is None
    parts = list(PARTS) if parts is None else parts
    report = Report(folder)
    for checker in dict.fromkeys(name for part in parts for name in (*ALSO_RUN.get(part, ()), part)):
        try:
            importlib.import_module(f"parity_checks.{checker}").check(folder, report)
        except Exception as error:  # one broken part must not hide the others
            report.fail(checker, f"the check stopped: {type(error).__name__}: {error}")
    owned = ("*",) if everything else tuple(pattern for part in parts for pattern in OWNED.get(part, (f"{part}/*",)))
    if everything:
        for name, method in NOT_COVERED.items():
            report.not_covered(name, f"the product has no {method}")
    for name in report.lost(owned):
        report.fail(name, "the folder's list of checksums names it, but it is missing")
    for name in report.unseen(owned):
        report.fail(name, "not compared")
    print(
        f"{len(report.compared)} arrays compared, {len(report.used - report.compared)} used as inputs, "
        f"{len(report.excused)} left out with a reason, {len(report.uncovered)} of methods not covered, "
        f"{report.failures} failures"
    )
    return 1 if report.failures else 0


def main() -> int:
    """Parse the command line and run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--only", choices=PARTS, action="append", help="part to check; may be repeated")
    arguments = parser.parse_args()
    # Few-shot training amplifies rounding, which depends on the CPU's vector width: at another width than the recorded one,
    # late losses of one run are off by 3e-4, however exact the code. Read when torch loads.
    os.environ.setdefault("ATEN_CPU_CAPABILITY", "avx2")
    if not arguments.folder.is_dir():
        print(f"{arguments.folder} is not a folder: give one with the layout of the golden data.", file=sys.stderr)
        return 2
    return run(arguments.folder, arguments.only)


if __name__ == "__main__":
    sys.exit(main())
