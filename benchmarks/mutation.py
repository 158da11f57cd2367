"""What would our tests miss? Small changes to the code that figures depend on, each run against its tests.

    uv pip install --group mutation --group test
    python benchmarks/mutation.py [--only metrics|protocol|regression] [--sample 60] [--seed 0] [--seconds 120]

Cosmic Ray makes the changes (another operator, another number, a loop that does not run, ...). No file is touched: each
change runs in a fork of this process, which imports it in place of the module and runs the tests of that room, those of
the module first. Survivors are printed as a table: either an assertion is missing, or the change has no effect. Not part
of CI: a full run takes hours.
"""

from __future__ import annotations

import argparse
import ast
import difflib
import importlib.abc
import importlib.util
import os
import random
import re
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType

REPOSITORY = Path(__file__).resolve().parents[1]
# Name to the files to change, and the folders with their tests.
ROOMS = {
    "metrics": (("adbench/metrics",), ("tests/adbench/metrics",)),
    "protocol": (
        ("adbench/contracts/protocol.py", "adbench/planning/draws.py"),
        ("tests/adbench/contracts", "tests/adbench/planning"),
    ),
    "regression": (("adbench/regression",), ("tests/adbench/regression",)),
}
# Imported once, before the forks; none of adbench may be among them, or the tests would get the unchanged code.
HEAVY = (
    "numpy",
    "scipy.stats",
    "scipy.optimize",
    "sklearn.metrics",
    "pandas",
    "pyarrow.parquet",
    "torch",
    "hypothesis",
    "pytest",
)
# Not tried: operators that need a configuration, and bit operators, which are only type errors on fractions.
UNFIT = re.compile(r"core/(Variable\w+|ReplaceBinaryOperator_\w+_(RShift|LShift|BitOr|BitAnd|BitXor))")
Place = tuple[int, int]  # line and column
KILLED, SURVIVED, LATE = "killed", "survived", "killed by the clock"


@dataclass(frozen=True)
class Change:
    """One place where one operator of Cosmic Ray applies.

    Attributes:
        room: name in `ROOMS`.
        file: path of the module, relative to the repository.
        line: 1-based.
        operator, occurrence: Cosmic Ray's names; "" = no change.
    """

    room: str
    file: Path
    line: int
    operator: str
    occurrence: int

    @property
    def module(self) -> str:
        """Dotted name of the module."""
        return ".".join(self.file.with_suffix("").parts)

    @cached_property
    def source(self) -> str:
        """Source of the changed module."""
        from cosmic_ray.mutating import MutationVisitor
        from cosmic_ray.plugins import get_operator

        original = (REPOSITORY / self.file).read_text(encoding="utf-8")
        if not self.operator:
            return original
        return MutationVisitor.mutate_code(original, get_operator(self.operator)(), self.occurrence) or original

    @property
    def words(self) -> tuple[str, str]:
        """The lines that differ, before and after, without their indentation."""
        before, after = (REPOSITORY / self.file).read_text(encoding="utf-8").splitlines(), self.source.splitlines()
        matched = difflib.SequenceMatcher(None, before, after, autojunk=False).get_opcodes()
        for kind, first, last, start, end in matched:
            if kind != "equal":
                return " ".join(map(str.strip, before[first:last])), " ".join(map(str.strip, after[start:end]))
        raise ValueError(f"{self.operator} changes nothing at {self.file}:{self.line}")


def main() -> None:
    """Choose, run, and print the survivors."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=sorted(ROOMS), action="append", help="room to look at; may be repeated")
    parser.add_argument("--sample", type=int, help="number of changes, chosen at random; default: all")
    parser.add_argument("--seed", type=int, default=0, help="seed of the choice")
    parser.add_argument("--seconds", type=int, default=120, help="time limit for the tests of one change")
    parser.add_argument("--list", action="store_true", help="print the changes and run nothing")
    arguments = parser.parse_args()
    found = [change for room in arguments.only or ROOMS for change in changes(room)]
    print(f"{len(found)} changes", flush=True)
    if arguments.sample is not None and arguments.sample < len(found):
        found = random.Random(arguments.seed).sample(found, arguments.sample)
    if arguments.list:
        print(table(found))
        return
    for name in HEAVY:
        importlib.import_module(name)
    for room in dict.fromkeys(change.room for change in found):
        if outcome_of(Change(room, files(room)[0], 1, "", 0), 10 * arguments.seconds) != SURVIVED:
            sys.exit(f"The tests of {room} fail on the unchanged code: fix that first.")
    outcomes = []
    for number, change in enumerate(found, 1):
        start = time.monotonic()
        outcomes.append(outcome_of(change, arguments.seconds))
        place = f"{change.file}:{change.line} {change.operator}"
        print(f"{number}/{len(found)} {outcomes[-1]} in {time.monotonic() - start:.0f} s: {place}", flush=True)
    print("\n" + table([change for change, outcome in zip(found, outcomes, strict=True) if outcome == SURVIVED]))
    print(f"{len(found)} tried, " + ", ".join(f"{outcomes.count(kind)} {kind}" for kind in (KILLED, LATE, SURVIVED)))
    sys.exit(1 if SURVIVED in outcomes else 0)


def changes(room: str) -> Iterator[Change]:
    """All changes to the files of a room, except in annotations, which are never evaluated."""
    from cosmic_ray.ast import ast_nodes, get_ast
    from cosmic_ray.plugins import get_operator, operator_names

    names = [name for name in operator_names() if not UNFIT.fullmatch(name)]
    for file in files(room):
        source = (REPOSITORY / file).read_text(encoding="utf-8")
        nodes, unused = list(ast_nodes(get_ast(source))), annotations(source)
        for name in names:
            operator = get_operator(name)()
            places = [start for node in nodes for start, _ in operator.mutation_positions(node)]
            for occurrence, place in enumerate(places):
                if not any(first <= place < last for first, last in unused):
                    yield Change(room, file, place[0], name, occurrence)


def files(room: str) -> list[Path]:
    """The modules of a room, relative to the repository."""
    places = [REPOSITORY / place for place in ROOMS[room][0]]
    modules = [file for place in places for file in (sorted(place.glob("*.py")) if place.is_dir() else [place])]
    return [file.relative_to(REPOSITORY) for file in modules if file.name != "__init__.py"]


def annotations(source: str) -> list[tuple[Place, Place]]:
    """Start and end of each annotation."""
    found: list[ast.expr | None] = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, (ast.arg, ast.AnnAssign)):
            found.append(node.annotation)
        elif isinstance(node, ast.FunctionDef):
            found.append(node.returns)
    return [
        ((node.lineno, node.col_offset), (node.end_lineno or node.lineno, node.end_col_offset or 0)) for node in found if node
    ]


def tests_of(change: Change) -> list[str]:
    """Arguments for pytest: the tests of the module, then all tests of the room."""
    folders = [REPOSITORY / folder for folder in ROOMS[change.room][1]]
    own = [file for folder in folders for file in folder.glob(f"test_{change.file.stem}.py")]
    others = [file for folder in folders for file in sorted(folder.glob("test_*.py")) if file not in own]
    return [str(file) for file in (*own, *others)]


class Replaced(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Import hook that gives the changed source for the module."""

    def __init__(self, change: Change) -> None:
        self.change = change

    def find_spec(self, name: str, path: Sequence[str] | None, target: ModuleType | None = None) -> ModuleSpec | None:
        """Only for that module."""
        if name != self.change.module:
            return None
        return importlib.util.spec_from_file_location(name, REPOSITORY / self.change.file, loader=self)

    def exec_module(self, module: ModuleType) -> None:
        """Run the changed source."""
        exec(compile(self.change.source, str(self.change.file), "exec"), module.__dict__)


def outcome_of(change: Change, seconds: int) -> str:
    """Run the tests on a change in a fork."""
    child = os.fork()
    if not child:
        os.setpgid(0, 0)
        os._exit(judged(change))
    ended = time.monotonic() + seconds
    while time.monotonic() < ended:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return SURVIVED if os.waitstatus_to_exitcode(status) == 0 else KILLED
        time.sleep(0.05)
    os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return LATE


def judged(change: Change) -> int:
    """pytest's exit code, without its output."""
    import pytest

    silence = os.open(os.devnull, os.O_WRONLY)
    for stream in (1, 2):
        os.dup2(silence, stream)
    sys.path[:0] = [str(REPOSITORY), str(REPOSITORY / "plugins")]
    sys.meta_path.insert(0, Replaced(change))
    # pytest's finder would come before ours for modules of installed plugins, including adbench's.
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    options = [
        "-p",
        "pytest_timeout",
        "-p",
        "_hypothesis_pytestplugin",
        "-x",
        "-q",
        "-m",
        "not slow",
        "--no-header",
        "--hypothesis-seed=0",
        "-p",
        "no:cacheprovider",
        "--rootdir",
    ]
    return int(pytest.main([*options, str(REPOSITORY), *tests_of(change)]))


def table(survivors: Sequence[Change]) -> str:
    """File, line and change of each, as Markdown."""
    rows = ["| file | line | was | became |", "| --- | --- | --- | --- |"]
    for change in sorted(survivors, key=lambda change: (change.file, change.line)):
        was, became = (text.replace("|", "\\|") for text in change.words)
        rows.append(f"| {change.file} | {change.line} | `{was}` | `{became}` |")
    return "\n".join(rows)


if __name__ == "__main__":
    main()
