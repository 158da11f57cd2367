"""Tables and names in Markdown."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any


def table(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """A table; what is no text is printed."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(_cell(value) for value in line)} |" for line in lines) + "\n"


def code(value: Any) -> str:
    """Inline code; nothing of nothing."""
    text = str(value)
    return f"`{text}`" if text else ""


def anchor(name: str) -> str:
    """The part of a link after `#` for a name such as `anomalib:`."""
    return re.sub(r"[^a-z0-9-]+", "-", name.lower()).strip("-")


def _cell(value: Any) -> str:
    return " ".join(str(value).split()).replace("|", "\\|")
