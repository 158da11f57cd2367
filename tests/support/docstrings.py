"""What a docstring says of names: the entries of its sections `Args:` and `Attributes:`."""

from __future__ import annotations

import inspect
import re
from typing import Any

ENTRY = re.compile(r"^    (\w+): ", re.M)


def entries(subject: Any, section: str) -> set[str]:
    """The names that a section of the docstring explains, each on a line of its own, as the page of the reference wants it."""
    _, _, text = (inspect.getdoc(subject) or "").partition(f"{section}:\n")
    body = re.split(r"\n(?=\S)", text)[0]
    return set(ENTRY.findall(body))
