"""Wording shared by all rooms."""

from __future__ import annotations

import unicodedata

BREAKS = "\n\r\t\v\f\x85\u2028\u2029"
JOINERS = "\u200c\u200d"  # invisible, but some scripts and emoji are not written without
STAND_IN = "\ufffd"


def counted(count: int, what: str, rest: str = "") -> str:
    """`1 image of test`, `2 images of test`: `counted(2, "image", "of test")`."""
    return f"{count} {what}{'' if count == 1 else 's'} {rest}".rstrip()


def printable(text: str, lines: bool = False) -> str:
    """A text that somebody else wrote, without what acts on a terminal or page instead of standing there.

    Control characters and escapes, marks that turn the direction of writing, invisible characters, halves of surrogate pairs
    and what XML forbids become U+FFFD; line breaks and tabs become spaces.

    Args:
        text: any.
        lines: keep line feeds, in a text of several lines.
    """
    if text.isprintable():
        return text
    return "".join(sign if sign.isprintable() else _harmless(sign, lines) for sign in text)


def _harmless(sign: str, lines: bool) -> str:
    kind = unicodedata.category(sign)
    if (sign == "\n" and lines) or sign in JOINERS or kind in ("Zs", "Co") or (kind == "Cn" and not _is_noncharacter(sign)):
        return sign
    return " " if sign in BREAKS else STAND_IN


def _is_noncharacter(sign: str) -> bool:
    return ord(sign) & 0xFFFE == 0xFFFE or 0xFDD0 <= ord(sign) <= 0xFDEF
