"""A drawing as SVG, in colours for light and dark, readable by a screen reader."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

STYLE = """
  svg { --paper: #ffffff; --ground: #f4f5fa; --box: #ffffff; --edge: #8c93ab; --ink: #1f2430; --soft: #545b70; --door: #3f51b5; }
  @media (prefers-color-scheme: dark) {
    svg { --paper: #1e2129; --ground: #262a35; --box: #323846; --edge: #7d86a1; --ink: #eceef5; --soft: #b9bfd0; --door: #5663b5; }
  }
  text { font-family: system-ui, -apple-system, "Segoe UI", Roboto, Helvetica, Arial, sans-serif; font-size: 13px; fill: var(--ink); }
  .paper { fill: var(--paper); }
  .frame { fill: var(--ground); stroke: var(--edge); }
  .box { fill: var(--box); stroke: var(--edge); }
  .door { fill: var(--door); }
  .name { font-size: 14px; font-weight: 600; }
  .soft { fill: var(--soft); }
  .on-door { fill: #ffffff; font-weight: 600; }
  .open { fill: none; stroke: var(--edge); stroke-dasharray: 5 4; }
  .line { fill: none; stroke: var(--edge); stroke-width: 1.5; }
  .head { fill: var(--edge); }
"""

Point = tuple[float, float]


class Drawing:
    """Shapes in the order in which they are painted.

    Args:
        width, height: of the drawing.
        title: what it is, in a few words.
        description: what it shows, for those who do not see it.
    """

    def __init__(self, width: float, height: float, title: str, description: str) -> None:
        self._parts = [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}" '
            f'height="{height:.0f}" role="img" aria-labelledby="title description">',
            f'<title id="title">{escape(title)}</title>',
            f'<desc id="description">{escape(description)}</desc>',
            f"<style>{STYLE}</style>",
            '<marker id="head" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="7" markerHeight="7" orient="auto">'
            '<path class="head" d="M0,0 L10,5 L0,10 Z"/></marker>',
            f'<rect class="paper" width="{width:.0f}" height="{height:.0f}"/>',
        ]

    def rectangle(self, kind: str, x: float, y: float, width: float, height: float) -> None:
        """Rounded, of a class of the style."""
        self._parts.append(f'<rect class="{kind}" x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" rx="7"/>')

    def write(self, x: float, y: float, text: str, kind: str = "", anchor: str = "start", turned: bool = False) -> None:
        """One line of text; `turned` it runs downwards."""
        turn = f' transform="rotate(90 {x:.1f} {y:.1f})"' if turned else ""
        self._parts.append(f'<text class="{kind}" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{turn}>{escape(text)}</text>')

    def line(self, start: Point, end: Point, pointed: bool, level: bool = False) -> None:
        """A curve that leaves and arrives upright (or `level`), with an arrowhead or without."""
        (x, y), (to_x, to_y) = start, end
        middle = ((x + to_x) / 2, (y + to_y) / 2)
        bends = (middle[0], y, middle[0], to_y) if level else (x, middle[1], to_x, middle[1])
        head = ' marker-end="url(#head)"' if pointed else ""
        curve = " ".join(f"{number:.1f}" for number in (*bends, to_x, to_y))
        self._parts.append(f'<path class="line" d="M{x:.1f} {y:.1f} C{curve}"{head}/>')

    def text(self) -> str:
        """The file."""
        return "\n".join([*self._parts, "</svg>", ""])


def wrapped(text: str, width: float) -> list[str]:
    """Lines that are at most so wide in a sans-serif of 13 px, the wide ones (DejaVu, Verdana) included."""
    lines = [""]
    for word in text.split():
        if lines[-1] and _width(f"{lines[-1]} {word}") > width:
            lines.append(word)
        else:
            lines[-1] = f"{lines[-1]} {word}".strip()
    return lines


def _width(text: str) -> float:
    return sum(4.8 if letter in "fijlrt .,:;'|" else 12.5 if letter in "mwMW" else 8.3 for letter in text)


def spread(middle: float, width: float, count: int) -> Sequence[float]:
    """So many places side by side around a middle, from left to right."""
    step = min(24.0, width / max(count, 1))
    return [middle + step * (number - (count - 1) / 2) for number in range(count)]
