"""The rooms of the harness, from its real imports: a picture of them on their floors, and a table of what each holds.

A room is a package or module directly under `adbench/`. Its floor is one above the highest room that it imports; a room that
only the top imports stands right below the top. Of the imports only those are drawn that no chain of others implies.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from adbench.registry.cards import Registry
from parts.drawing import Drawing, spread, wrapped
from parts.layers import Layers, Node
from parts.markdown import code, table

REPOSITORY = Path(__file__).resolve().parents[2]
HARNESS = REPOSITORY / "adbench"
PLUGINS = REPOSITORY / "plugins"
PUBLISHERS = {"__init__", "disk"}  # they only pass names on
PUBLIC = ("adbench", "adbench.metrics", "adbench.testing")

BOX, PADDING, LINE, HEAD = 184, 11, 17, 30
MARGIN, FRAME, GAP, FLOOR_GAP = 8, 18, 18, 42
WALL, OUTSIDE = 26, 34  # the wall with the public names, and the ground between it and the plugins
TEXT = BOX - 2 * PADDING

Imports = Mapping[str, set[str]]


@dataclass(frozen=True)
class Room:
    """A room of the harness, or a plugin.

    Attributes:
        name: of the package or module.
        files: its sources.
    """

    name: str
    files: tuple[Path, ...]

    @cached_property
    def subject(self) -> str:
        """The first sentence of its docstring."""
        text = ast.get_docstring(ast.parse(self.files[0].read_text(encoding="utf-8"))) or ""
        return " ".join(text.split()).split(". ")[0].rstrip(".") + "."

    @property
    def modules(self) -> list[str]:
        """The names of its modules; a package's own `__init__` counts only where it is the only one."""
        names = [file.stem for file in self.files if file.stem != "__init__"]
        return names or [self.name]

    def imports(self) -> Iterator[str]:
        """Dotted names of what its files import, at any depth."""
        for file in self.files:
            for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Import):
                    yield from (alias.name for alias in node.names)
                elif isinstance(node, ast.ImportFrom):
                    yield from (f"{node.module}.{alias.name}" for alias in node.names)


def rooms_of(folder: Path) -> dict[str, Room]:
    """The packages and modules directly in a folder, by name."""
    found = {}
    for path in sorted(folder.iterdir()):
        if path.suffix == ".py":
            found[path.stem] = Room(path.stem, (path,))
        elif (path / "__init__.py").exists():
            rest = sorted(file for file in path.rglob("*.py") if file != path / "__init__.py")
            found[path.name] = Room(path.name, (path / "__init__.py", *rest))
    return {name: room for name, room in found.items() if name not in PUBLISHERS}


def imports_between(rooms: Mapping[str, Room], prefix: str = "") -> Imports:
    """Room to the others of these rooms that it imports, where their dotted names begin with the prefix."""
    found: dict[str, set[str]] = {name: set() for name in rooms}
    for name, room in rooms.items():
        for imported in room.imports():
            if imported.startswith(prefix):
                found[name].add(imported.removeprefix(prefix).partition(".")[0])
        found[name] &= rooms.keys() - {name}
    return found


def floors_of(imports: Imports) -> dict[str, int]:
    """Room to its floor, 0 at the ground. Raises `SystemExit` where imports go in a circle."""
    floors: dict[str, int] = {}
    while len(floors) < len(imports):
        ready = [name for name in imports if name not in floors and imports[name] <= floors.keys()]
        if not ready:
            raise SystemExit(f"Rooms import each other in a circle: {', '.join(sorted(imports.keys() - floors.keys()))}.")
        floors.update({name: 1 + max((floors[other] for other in imports[name]), default=-1) for name in ready})
    top = max(floors.values())
    for name in floors:
        importers = {floors[other] for other in imports if name in imports[other]}
        if importers == {top}:
            floors[name] = top - 1
    return floors


def essential(imports: Imports) -> list[tuple[str, str]]:
    """The imports that no chain of others implies."""

    def reached(name: str) -> set[str]:
        return imports[name].union(*map(reached, imports[name]))

    return [
        (name, other)
        for name in sorted(imports)
        for other in sorted(imports[name])
        if not any(other in reached(between) for between in imports[name] - {other})
    ]


def rooms(registry: Registry) -> str:
    """A table of the rooms, from the top down."""
    found = rooms_of(HARNESS)
    floors = floors_of(imports_between(found, "adbench."))
    ordered = sorted(found.values(), key=lambda room: (-floors[room.name], room.name))
    rows = ((code(room.name), room.subject, ", ".join(map(code, room.modules))) for room in ordered)
    return table(("room", "what it holds", "its modules"), rows)


def picture() -> str:
    """The rooms on their floors with the imports between them, and the plugins beside them, as SVG."""
    return _Picture().drawn()


class _Picture:
    def __init__(self) -> None:
        self.rooms = rooms_of(HARNESS)
        self.plugins = rooms_of(PLUGINS)
        imports = imports_between(self.rooms, "adbench.")
        self.floors = floors_of(imports)
        self.lines = essential(imports)
        self.layers = Layers(self.floors, self.lines, BOX, line=4, gap=GAP)
        self.heights = [
            max(_height(room.subject) for name, room in self.rooms.items() if self.floors[name] == floor)
            for floor in range(max(self.floors.values()) + 1)
        ]
        self.left = MARGIN + FRAME
        self.wall = self.left + self.layers.width + FRAME
        self.tops: dict[int, float] = {}
        top = MARGIN + FRAME
        for floor in reversed(range(len(self.heights))):
            self.tops[floor] = top
            top += self.heights[floor] + FLOOR_GAP
        self.bottom = top - FLOOR_GAP + FRAME

    def drawn(self) -> str:
        drawing = Drawing(self.wall + WALL + OUTSIDE + BOX + MARGIN, self.bottom + MARGIN, *self._words())
        drawing.rectangle("frame", MARGIN, MARGIN, self.wall - MARGIN, self.bottom - MARGIN)
        drawing.write(self.left, MARGIN + HEAD - 8, "adbench/", "name")
        text = "The harness: it knows no method and no dataset. The numbers count modules."
        self._draw_text(drawing, self.left, MARGIN + HEAD, text)
        self._draw_lines(drawing)
        for name, room in self.rooms.items():
            floor = self.floors[name]
            x = self.left + self.layers.place[name, floor] - BOX / 2
            self._draw_box(drawing, x, self.tops[floor], self.heights[floor], room, str(len(room.modules)))
        self._draw_plugins(drawing)
        return drawing.text()

    def _draw_lines(self, drawing: Drawing) -> None:
        layers = self.layers
        down: dict[Node, list[Node]] = {node: [] for node in layers.place}
        up: dict[Node, list[Node]] = {node: [] for node in layers.place}
        for upper, lower in layers.links:
            down[upper].append(lower)
            up[lower].append(upper)
        for node, x in layers.place.items():
            bottom = self.tops[node[1]] + self.heights[node[1]]
            if not layers.is_box(node):
                drawing.line((self.left + x, self.tops[node[1]]), (self.left + x, bottom), pointed=False)
            leaving = sorted(down[node], key=layers.place.__getitem__)
            for lower, start in zip(leaving, self._ports(node, len(leaving)), strict=True):
                arriving = sorted(up[lower], key=layers.place.__getitem__)
                end = self._ports(lower, len(arriving))[arriving.index(node)]
                drawing.line((start, bottom), (end, self.tops[lower[1]]), pointed=layers.is_box(lower))

    def _ports(self, node: Node, count: int) -> Sequence[float]:
        """Where lines leave or enter: side by side at a box, together where they pass."""
        middle = self.left + self.layers.place[node]
        return spread(middle, BOX * 0.7, count) if self.layers.is_box(node) else [middle] * count

    def _draw_box(self, drawing: Drawing, x: float, y: float, height: float, room: Room, note: str) -> None:
        drawing.rectangle("box", x, y, BOX, height)
        drawing.write(x + PADDING, y + HEAD - 8, room.name, "name")
        drawing.write(x + BOX - PADDING, y + HEAD - 8, note, "soft", anchor="end")
        self._draw_text(drawing, x + PADDING, y + HEAD, room.subject)

    def _draw_text(self, drawing: Drawing, x: float, y: float, text: str) -> float:
        """Lines from a top down; where they end."""
        lines = wrapped(text.replace("`", ""), TEXT)
        for number, line in enumerate(lines):
            drawing.write(x, y + LINE * (number + 0.7), line, "soft")
        return y + LINE * len(lines)

    def _draw_plugins(self, drawing: Drawing) -> None:
        """The wall with the public names, and beyond it the plugins, with those that others import below."""
        drawing.rectangle("door", self.wall, MARGIN, WALL, self.bottom - MARGIN)
        label = f"public API:  {'   ·   '.join(f'import {name}' for name in PUBLIC)}"
        drawing.write(self.wall + WALL / 2 - 4, (MARGIN + self.bottom) / 2, label, "on-door", anchor="middle", turned=True)
        imports = imports_between(self.plugins)
        shared = sorted(set().union(*imports.values()))
        x = self.wall + WALL + OUTSIDE
        drawing.write(x, MARGIN + HEAD - 8, "plugins/", "name")
        text = "The plugins that come with adbench, found through the entry points that all plugins use."
        y = self._draw_text(drawing, x, MARGIN + HEAD, text) + PADDING
        users = [name for name in self.plugins if name not in shared]
        height = HEAD * len(users) + PADDING
        drawing.rectangle("box", x, y, BOX, height)
        for number, name in enumerate(users):
            drawing.write(x + PADDING, y + PADDING / 2 + HEAD * (number + 0.65), name, "name")
        self._draw_way_in(drawing, x, y + height / 2)
        y += height
        for name in shared:
            drawing.line((x + BOX / 2, y), (x + BOX / 2, y + FLOOR_GAP), pointed=True)
            y += FLOOR_GAP
            height = _height(self.plugins[name].subject)
            self._draw_box(drawing, x, y, height, self.plugins[name], "")
            self._draw_way_in(drawing, x, y + height / 2)
            y += height
        y += FLOOR_GAP
        text = "Any package with an entry point in the group adbench. It may import what these plugins import."
        height = _height(text)
        drawing.rectangle("open", x, y, BOX, height)
        drawing.write(x + PADDING, y + HEAD - 8, "your plugin", "name")
        self._draw_text(drawing, x + PADDING, y + HEAD, text)
        self._draw_way_in(drawing, x, y + height / 2)

    def _draw_way_in(self, drawing: Drawing, x: float, y: float) -> None:
        drawing.line((x, y), (self.wall + WALL + 1, y), pointed=True, level=True)

    def _words(self) -> tuple[str, str]:
        """Title and description."""
        floors = [
            ", ".join(name for name in self.rooms if self.floors[name] == floor) for floor in sorted(self.tops, reverse=True)
        ]
        arrows = "; ".join(f"{upper} imports {lower}" for upper, lower in self.lines)
        return "The rooms of adbench and what they import", (
            f"From the top floor to the ground: {' / '.join(floors)}. Arrows are imports, without those that others imply: "
            f"{arrows}. Beside the harness, behind the border of the public API ({', '.join(PUBLIC)}), stand the plugins "
            f"{', '.join(self.plugins)}."
        )


def _height(text: str) -> float:
    """Of a box with a name and this text."""
    return HEAD + LINE * len(wrapped(text.replace("`", ""), TEXT)) + PADDING
