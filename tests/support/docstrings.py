"""The names in a docstring: entries of its sections `Args:` and `Attributes:`."""

from __future__ import annotations

import inspect
import re
from typing import Any

ENTRY = re.compile(r"^    (\w+): ", re.M)


def entries(subject: Any, section: str) -> set[str]:
    """The names explained in a section of the docstring, each on its own line, as the reference page needs."""
    _, _, text = (inspect.getdoc(subject) or "").partition(f"{section}:\n")
    body = re.split(r"\n(?=\S)", text)[0]
    return set(ENTRY.findall(body))
