"""The documentation as text: its pages, and the code blocks in them."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
PAGES = [*sorted((REPOSITORY / "docs").rglob("*.md")), REPOSITORY / "README.md", REPOSITORY / "CONTRIBUTING.md"]
FENCE = re.compile(r'^```(\w+)(?: title="([^"]+)")?\n(.*?)^```$', re.S | re.M)
INDENTED = re.compile(r"^    (adbench .*)$", re.M)
LINK = re.compile(r"\]\((?!https?:|#)([^)#\s]+)(?:#[^)]*)?\)")


@dataclass(frozen=True)
class Block:
    """A fenced block: its language, the file in its title ("" without one), and its text."""

    language: str
    title: str
    text: str


def page_name(page: Path) -> str:
    """For messages."""
    return str(page.relative_to(REPOSITORY))


def blocks(page: Path) -> list[Block]:
    """The fenced blocks of a page, in order."""
    return [Block(*found) for found in FENCE.findall(page.read_text(encoding="utf-8"))]


def commands(page: Path) -> Iterator[list[str]]:
    """The words of every `adbench` command in shell blocks, fenced or indented."""
    text = page.read_text(encoding="utf-8")
    lines = [line for block in blocks(page) if block.language == "bash" for line in block.text.splitlines()]
    for line in [*lines, *INDENTED.findall(FENCE.sub("", text))]:
        for part in line.split(" && "):
            words = shlex.split(part, comments=True)
            if words[:1] == ["adbench"]:
                yield words


def links(page: Path) -> list[str]:
    """Targets of the links to other files."""
    return LINK.findall(FENCE.sub("", page.read_text(encoding="utf-8")))
