"""What no output may hold, whatever a record says: by format."""

from __future__ import annotations

import csv
import json
import re
import unicodedata
from html.parser import HTMLParser
from xml.etree import ElementTree

ACTIVE = re.compile(r"<\s*(script|img|iframe|object|embed|link|style|svg|a)\b", re.IGNORECASE)


def demand_plain(text: str) -> None:
    """No control character or escape, no mark that turns the direction of writing, nothing invisible."""
    found = {sign for sign in text if sign != "\n" and unicodedata.category(sign) in ("Cc", "Cf", "Cs", "Zl", "Zp")}
    assert not found, sorted(map(hex, map(ord, found)))


def demand_csv(text: str) -> None:
    """No cell that a spreadsheet computes."""
    for row in csv.reader(text.splitlines()):
        for cell in row:
            assert not re.match(r"[=+\-@\t\r]", cell.lstrip()) or re.fullmatch(r"-?[0-9.]+(e[-+]?[0-9]+)?", cell), cell


def demand_markdown(text: str) -> None:
    """No raw HTML but line breaks and folds, no link, no reference to a character."""
    assert not re.search(rf"(?<!\\)(?:\\\\)*{ACTIVE.pattern}", text, re.IGNORECASE)
    assert not re.search(r"(?<!\\)(?:\\\\)*\[[^\]]*\]\(", text)
    assert not re.search(r"(?<!\\)(?:\\\\)*&#?\w+;", text)


def demand_latex(text: str) -> None:
    """Only the commands that the table itself needs."""
    known = "begin end centering caption toprule midrule bottomrule par smallskip parbox linewidth footnotesize scriptsize textbf underline "
    known += "textit textbackslash textasciitilde textasciicircum textless textgreater textbar pm usepackage"
    assert set(re.findall(r"\\([A-Za-z]+)", text)) <= set(known.split())
    assert "\n\n\\par\n" not in text


def demand_xml(text: str) -> None:
    """It parses."""
    ElementTree.fromstring(text)


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.scripts, self.stack = 0, []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.scripts += tag == "script"
        for name, value in attributes:
            assert not name.startswith("on"), (tag, name)
            assert name == "class" or not re.search(r"[^\w:-]", name), (tag, name)
            if name in ("href", "src", "action"):
                assert (value or "").startswith(("#", "data:")), (tag, value)


def demand_html(text: str) -> None:
    """One script, no handlers, no addresses outside; drawings are valid XML."""
    page = _Page()
    page.feed(text)
    page.close()
    assert page.scripts == 1
    for drawing in re.findall(r"<svg\b.*?</svg>", text, re.DOTALL):
        demand_xml(drawing)


FORMATS = {
    "table": lambda text: None,
    "md": demand_markdown,
    "csv": demand_csv,
    "json": json.loads,
    "latex": demand_latex,
    "svg": demand_xml,
    "junit": demand_xml,
    "html": demand_html,
}


def demand(format: str, text: str) -> None:
    """All of it."""
    demand_plain(text)
    if text.strip():
        FORMATS[format](text)
