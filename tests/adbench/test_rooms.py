"""The order of rooms: nobody imports upwards, and plugins import only what third parties may."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
HARNESS = "adbench"

# From the ground up: a room may import the rooms of the lines above its own, and itself. Rooms of one line are apart.
ORDER = (
    ("errors", "words", "metrics"),
    ("contracts",),
    ("files",),
    ("registry", "weights"),
    ("data", "contestant"),
    ("results",),
    ("planning", "regression", "leaderboard"),
    ("running",),
    ("api", "render"),
    ("report", "testing", "scaffold"),
    ("cli",),
)
FLOOR = {room: number for number, rooms in enumerate(ORDER) for room in rooms}
APART = {
    "contracts": {"errors"},
    "metrics": set(),
}
PUBLIC = {HARNESS, "adbench.metrics", "adbench.testing", "adbench_nets"}
PUBLISHERS = {"__init__", "disk"}  # they only pass names on


def imported(file: Path) -> Iterator[tuple[int, str]]:
    """(line, dotted name) of everything of adbench that a file imports, at any depth; relative imports raise."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"), str(file))):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{file}:{node.lineno}: a relative import"
            for alias in node.names:
                yield node.lineno, f"{node.module}.{alias.name}"


def public(name: str) -> bool:
    """Whether plugins may import this: `adbench.Detector`, `adbench.metrics.auroc`; not `adbench.data` or what is in it."""
    module, _, last = name.rpartition(".")
    if name in PUBLIC or name.partition(".")[0] in PUBLIC - {HARNESS}:
        return True
    return module in PUBLIC and not (module == HARNESS and last in FLOOR)


def upward(file: Path, room: str) -> list[str]:
    """What is wrong with the imports of a file of this room, one sentence each."""
    found = []
    for line, name in imported(file):
        top, _, rest = name.partition(".")
        if top != HARNESS:
            if top.startswith("adbench_"):
                found.append(f"{file}:{line}: {room} imports the plugin {top}: the harness knows none")
            continue
        target = rest.partition(".")[0]
        if target not in FLOOR:
            found.append(f"{file}:{line}: {room} imports {name}: rooms import rooms, not the public names")
        elif target != room and (FLOOR[target] >= FLOOR[room] or target not in APART.get(room, FLOOR)):
            found.append(f"{file}:{line}: {room} imports {name}: {room} lies below {target} or is apart from it")
    return found


def files_of(room: str) -> list[Path]:
    """The sources of a room."""
    place = REPOSITORY / HARNESS / room
    return sorted(place.rglob("*.py")) if place.is_dir() else [place.with_suffix(".py")]


def test_every_file_of_the_harness_is_in_a_room() -> None:
    tops = {path.stem for path in (REPOSITORY / HARNESS).iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()}
    assert tops - PUBLISHERS == set(FLOOR)


@pytest.mark.parametrize("room", FLOOR)
def test_a_room_imports_only_rooms_below(room: str) -> None:
    found = [problem for file in files_of(room) for problem in upward(file, room)]
    assert not found, "\n".join(found)


@pytest.mark.parametrize("plugin", sorted(path.name for path in (REPOSITORY / "plugins").iterdir() if path.is_dir()))
def test_a_plugin_imports_the_public_names_and_itself(plugin: str) -> None:
    found = []
    for file in sorted((REPOSITORY / "plugins" / plugin).rglob("*.py")):
        for line, name in imported(file):
            top = name.partition(".")[0]
            if top.startswith(HARNESS) and top != plugin and not public(name):
                found.append(f"{file}:{line}: {name} is not public")
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    ("room", "line"),
    [
        ("data", "from adbench.planning.plan import Plan"),
        ("data", "from adbench import planning"),
        ("data", "import adbench.planning.plan"),
        ("data", "def late():\n    from adbench.render import table"),
        ("results", "from adbench.planning.plan import Plan"),
        ("leaderboard", "from adbench.planning.options import RunOptions"),
        ("contracts", "from adbench.metrics import auroc"),
        ("metrics", "from adbench.errors import UserError"),
        ("running", "from adbench import RunOptions"),
        ("cli", "import adbench_mvfa"),
    ],
)
def test_an_import_upwards_is_found(room: str, line: str, tmp_path: Path) -> None:
    file = tmp_path / "new.py"
    file.write_text(line)
    assert len(upward(file, room)) == 1
