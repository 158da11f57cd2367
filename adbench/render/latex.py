"""The leaderboard as LaTeX, for a paper's `\\input`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from adbench.leaderboard.tables import METRICS, Table
from adbench.render.grid import FigureText, Grid, Line, grids
from adbench.render.notes import Emphasis, footnotes
from adbench.words import printable

STYLES = {"best": r"\textbf{%s}", "tied": r"\underline{%s}", "failed": r"\textit{%s}", "": "%s"}
EMPHASIS = Emphasis("bold", "underlined")
SIGNS = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': "{''}",
    "±": r"$\pm$",
    "–": "--",
    "[": "{[}",
    "]": "{]}",
    **{sign: f"\\{sign}" for sign in "&%$#_{}"},
}


def to_latex(tables: Iterable[Table], metrics: Sequence[str] = METRICS, intervals: bool = False) -> str:
    """One `table` per preset, track and metric, with booktabs; with `intervals`, the 95 % interval under each figure.

    LaTeX's special characters are escaped. Names in non-Latin scripts need LuaLaTeX or XeLaTeX and a font.
    """
    parts = ["% needs \\usepackage{booktabs}\n"]
    for table in tables:
        notes = [escaped(note) for note in footnotes(table, metrics, EMPHASIS, intervals)]
        parts += [_table(grid, notes, intervals) for grid in grids(table, metrics, short=True)]
    return "\n".join(parts)


def escaped(text: str) -> str:
    """Text with LaTeX's special characters escaped."""
    return "".join(SIGNS.get(sign, sign) for sign in printable(text))


def _table(grid: Grid, notes: Sequence[str], intervals: bool) -> str:
    header = " & ".join(escaped(name) for name in ("Rank", "Method", *grid.columns))
    lines = [part for line in grid.lines for part in _lines(line, intervals)]
    return "\n".join(
        [
            r"\begin{table}",
            r"  \centering",
            rf"  \caption{{{escaped(grid.title)}}}",
            rf"  \begin{{tabular}}{{rl{'r' * len(grid.columns)}}}",
            r"    \toprule",
            rf"    {header} \\",
            r"    \midrule",
            *(rf"    {line} \\" for line in lines),
            r"    \bottomrule",
            r"  \end{tabular}",
            *(rf"  \par\smallskip\parbox{{\linewidth}}{{\footnotesize {note}}}" for note in notes),
            r"\end{table}",
            "",
        ]
    )


def _lines(line: Line, intervals: bool) -> list[str]:
    figures = " & ".join([escaped(line.rank), escaped(line.label), *(_figure(cell) for cell in line.cells)])
    if not intervals:
        return [figures]
    return [figures, " & ".join(["", "", *(rf"{{\scriptsize {escaped(cell.interval)}}}" for cell in line.cells)])]


def _figure(cell: FigureText) -> str:
    value, sign, spread = cell.text.partition(" ± ")
    shown = STYLES[cell.emphasis] % escaped(value)
    return shown + (rf" {{\scriptsize$\pm${escaped(spread)}}}" if sign else "")
