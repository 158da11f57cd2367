"""Strategies for contents of files: honest ones with something changed, and anything at all."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator, Sequence
from typing import Any

from hypothesis import strategies as st

DELETED = object()
# What has broken readers elsewhere: escapes, other directions of writing, halves of pairs, markup of every format, paths.
NASTY = (
    "\x1b[31m\x1b]0;title\x07", "\u202eabc", "a\nb\r\tc", "\x00", "\ud800", "\uffff", "<script>alert(1)</script>", "]]>", "&#x202e;",
    "[red]x[/red]", "[/]", "| a | b", "\\input{/etc/passwd}", "=1+1", "@SUM(A1)", "-2+3", "../../x", "/etc/passwd", "{{ 7 * 7 }}", "%s%n", "x" * 9999,
)  # fmt: skip
TEXTS = st.text(max_size=8) | st.sampled_from(NASTY)
NUMBERS = (
    st.integers()
    | st.floats()
    | st.sampled_from([0, -1, 10**30, -(10**400), 1e308, -1e308, 5e-324, 2**63, float("inf"), float("nan")])
)
ANY_JSON = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=6,
)


def changed_bytes(honest: Sequence[bytes]) -> st.SearchStrategy[bytes]:
    """Honest contents with a few bytes changed, taken out, doubled or cut off, or a count that is huge."""
    change = st.tuples(
        st.sampled_from(("set", "flip", "drop", "insert", "repeat", "cut", "huge")),
        st.floats(0, 1),
        st.integers(0, 255),
        st.integers(1, 40),
        st.booleans(),
    )
    return st.builds(_applied, st.sampled_from(honest), st.lists(change, min_size=1, max_size=5)) | st.binary(max_size=200)


def _applied(content: bytes, changes: list[tuple[str, float, int, int, bool]]) -> bytes:
    made = bytearray(content)
    for kind, where, value, length, at_end in changes:
        if not made:
            break
        # Headers lie at the beginning or, of archives and tables, at the end.
        reach = min(len(made), 600)
        place = len(made) - 1 - int(where * (reach - 1)) if at_end else int(where * (len(made) - 1))
        if kind == "set":
            made[place] = value
        elif kind == "flip":
            made[place] ^= 1 << value % 8
        elif kind == "drop":
            del made[place : place + length]
        elif kind == "insert":
            made[place:place] = bytes([value]) * length
        elif kind == "repeat":
            made[place:place] = made[place : place + length] * (1 + value % 5)
        elif kind == "huge":
            made[place : place + 4] = b"\xff\xff\xff\x7f"
        else:
            del made[place:]
    return bytes(made)


@st.composite
def changed_value(draw: st.DrawFn, honest: Any) -> Any:
    """An honest value with up to three places replaced by anything."""
    values = copy.deepcopy(honest)
    for _ in range(draw(st.integers(0, 3))):
        place = draw(st.sampled_from(list(_places(values))))
        values = _put(values, place, draw(ANY_JSON if not place else ANY_JSON | st.just(DELETED)))
    return values


def as_toml(values: Any) -> bytes:
    """A value as the content of a TOML file, which has no null and no top but a table."""
    top = values if isinstance(values, dict) else {"grid": values}
    return "\n".join(f"{json.dumps(name)} = {_toml(value)}" for name, value in top.items()).encode("utf-8", "replace")


def _toml(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(name)} = {_toml(inner)}" for name, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_toml, value)) + "]"
    return str(value) if isinstance(value, float) else json.dumps(value or 0)


@st.composite
def changed_json(draw: st.DrawFn, honest: Any) -> bytes:
    """An honest value with up to three places replaced by anything, as JSON with a few bytes changed now and then."""
    text = json.dumps(draw(changed_value(honest))).encode()
    return draw(st.just(text) | st.just(text) | changed_bytes([text]))


@st.composite
def changed_text(draw: st.DrawFn, honest: str, words: Sequence[str]) -> bytes:
    """Lines of an honest text, some replaced, doubled or left out, with pieces put in."""
    lines = honest.splitlines()
    for _ in range(draw(st.integers(0, 4))):
        place = draw(st.integers(0, max(len(lines) - 1, 0)))
        new = "".join(draw(st.lists(st.sampled_from(words) | TEXTS, max_size=5)))
        lines[place : place + draw(st.integers(0, 2))] = [new]
    content = "\n".join(lines).encode("utf-8", "surrogatepass")
    return draw(st.just(content) | changed_bytes([content]))


def _places(values: Any, here: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield here
    children = values.items() if isinstance(values, dict) else enumerate(values[:5]) if isinstance(values, list) else ()
    for name, child in children:
        yield from _places(child, (*here, name))


def _put(values: Any, place: tuple[Any, ...], new: Any) -> Any:
    if not place:
        return new
    inner = values
    for step in place[:-1]:
        inner = inner[step]
    if new is DELETED:
        del inner[place[-1]]
    else:
        inner[place[-1]] = new
    return values
