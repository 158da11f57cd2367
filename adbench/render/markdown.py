"""The leaderboard as Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from adbench.leaderboard.tables import METRICS, Table
from adbench.render.grid import FigureText, grids
from adbench.render.notes import Emphasis, footnotes
from adbench.words import printable

STYLES = {"best": "**{}**", "tied": "*{}*", "failed": "{}", "": "{}"}
SIGNS = frozenset("\\|*_`<[&~")
EMPHASIS = Emphasis("bold", "italic")


def to_markdown(tables: Iterable[Table], metrics: Sequence[str] = METRICS, intervals: bool = False) -> str:
    """One table per preset, track and metric; with `intervals`, the 95 % interval under each figure."""
    lines: list[str] = []
    for table in tables:
        for grid in grids(table, metrics):
            header = ["rank", "method", *grid.columns]
            lines += [
                f"**{escaped(grid.title)}**",
                "",
                _line(map(escaped, header)),
                _line(["---:", "---"] + ["---:"] * len(grid.columns)),
            ]
            for line in grid.lines:
                cells = [_cell(cell, intervals) for cell in line.cells]
                lines.append(_line([line.rank, escaped(line.label), *cells]))
            lines.append("")
        for note in footnotes(table, metrics, EMPHASIS, intervals):
            lines += [escaped(note), ""]
    return "\n".join(lines)


def escaped(text: str) -> str:
    """Escape what would end a cell, or be read as a tag, a character reference, a link or emphasis."""
    return "".join(f"\\{sign}" if sign in SIGNS else sign for sign in printable(text))


def _cell(cell: FigureText, intervals: bool) -> str:
    text = STYLES[cell.emphasis].format(cell.text)
    return f"{text}<br>{cell.interval}" if intervals and cell.interval else text


def _line(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cells) + " |"
