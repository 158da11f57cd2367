"""Wording shared by all rooms."""

from __future__ import annotations


def counted(count: int, what: str, rest: str = "") -> str:
    """`1 image of test`, `2 images of test`: `counted(2, "image", "of test")`."""
    return f"{count} {what}{'' if count == 1 else 's'} {rest}".rstrip()
