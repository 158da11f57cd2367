"""Read our own files back by type: a mismatch is one sentence that names the field."""

from __future__ import annotations

import json
import math
from dataclasses import MISSING, fields
from typing import TYPE_CHECKING, Annotated, Any, NotRequired, get_type_hints

from annotated_types import Interval, Len

from adbench.errors import UserError
from adbench.words import printable

if TYPE_CHECKING:
    from pydantic import TypeAdapter


DEEPEST = 40  # levels of an honest file's JSON: parameters of a method within an identity take 5
LINES = "traceback"  # the one text of several lines
TOO_DEEP = f"it is nested more than {DEEPEST} levels deep"

# What an honest file never exceeds. Sums and products of such numbers are finite, and such texts can be shown.
Figure = Annotated[float, Interval(ge=-1e100, le=1e100)]
Count = Annotated[int, Interval(ge=0, le=2**63 - 1)]
Name = Annotated[str, Len(max_length=10_000)]
Ends = Annotated[list[Figure], Len(2, 2)]


class Misfit(Exception):
    """A value does not fit: the field and why, e.g. ``metrics.image_auroc`: input should be a valid number`."""


def from_json(content: bytes) -> tuple[Any, bool]:
    """What a JSON file holds, its texts made `printable`, and whether all its numbers are finite.

    Raises:
        ValueError: it is not JSON in UTF-8.
        Misfit: a key stands in an object twice, or it is nested too deep.
    """
    try:
        values = _cleaned(json.loads(content.decode("utf-8"), object_pairs_hook=_unique))
    except RecursionError:
        raise Misfit(TOO_DEEP) from None
    return values, _is_finite(values)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A JSON object. Readers differ in which of two equal keys they take."""
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        raise Misfit(f"`{printable(next(name for name in names if names.count(name) > 1))[:60]}`: it is given twice")
    return found


def _cleaned(value: Any, depth: int = 0, lines: bool = False) -> Any:
    """The same with printable texts; `lines` are kept in tracebacks only."""
    if depth > DEEPEST:
        raise Misfit(TOO_DEEP)
    if isinstance(value, str):
        return printable(value, lines)
    if isinstance(value, list):
        return [item if type(item) in (float, int) else _cleaned(item, depth + 1) for item in value]
    if isinstance(value, dict):
        return _unique([(printable(name), _cleaned(item, depth + 1, name == LINES)) for name, item in value.items()])
    return value


def _is_finite(value: Any) -> bool:
    if isinstance(value, float):
        return math.isfinite(value)
    inner = value if isinstance(value, list) else value.values() if isinstance(value, dict) else ()
    # Lists of scores are long: no call for each.
    return all(math.isfinite(item) if type(item) is float else _is_finite(item) for item in inner)


def demand_schema(values: Any, newest: int, what: str, mend: str) -> int:
    """The schema version of one of our files.

    Args:
        values: what the file holds.
        newest: the version that this adbench writes.
        what: the file, for people.
        mend: what to do about a newer one.

    Raises:
        Misfit: the file has no such version.
        UserError: it is newer.
    """
    schema = values.get("schema") if isinstance(values, dict) else None
    if type(schema) is not int or schema < 1:
        raise Misfit("`schema`: expected a version number")
    if schema > newest:
        raise UserError(f"{what} has schema {schema}, this adbench reads up to {newest}: {mend}.")
    return schema


def fields_of(kind: type, **narrower: Any) -> TypeAdapter[dict[str, Any]]:
    """A type for the fields of a dataclass, as `checked` takes it.

    Args:
        kind: the dataclass; a field with a default may be missing.
        narrower: field to a narrower type than its annotation.
    """
    from pydantic import TypeAdapter

    hints = {**get_type_hints(kind), **narrower}
    optional = {f.name for f in fields(kind) if f.default is not MISSING or f.default_factory is not MISSING}
    # Newer writers may add fields: ignored.
    return TypeAdapter(_mapping(hints, optional, "ignore"))


def mapping(required: dict[str, Any], **optional: Any) -> Any:
    """The type of a dictionary with these keys and possibly others."""
    return _mapping({**required, **optional}, set(optional), "allow")


def rows(required: dict[str, Any]) -> Any:
    """The type of a list of dictionaries with these keys; keys added by newer writers are dropped."""
    row = _mapping(required, set(), "ignore")
    return list[row]  # type: ignore[valid-type]


def checked(wanted: TypeAdapter[Any], values: Any) -> Any:
    """Check that the values have this type; nothing is converted. Raises `Misfit`."""
    from pydantic import ValidationError

    try:
        return wanted.validate_python(values)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        place = ".".join(map(str, first["loc"])) or "the whole"
        text = f"`{place}`: {first['msg'][:1].lower()}{first['msg'][1:]}"
        raise Misfit(" ".join(text.split())) from None


def _mapping(hints: dict[str, Any], optional: set[str], extra: str) -> Any:
    from typing_extensions import TypedDict  # typing's is refused by pydantic before Python 3.12

    make: Any = TypedDict
    made = make("Fields", {name: NotRequired[hint] if name in optional else hint for name, hint in hints.items()})
    made.__pydantic_config__ = {"strict": True, "allow_inf_nan": False, "extra": extra}
    return made
