"""Read our own files back by type: a mismatch is one sentence that names the field."""

from __future__ import annotations

from dataclasses import MISSING, fields
from typing import TYPE_CHECKING, Any, NotRequired, get_type_hints

from adbench.errors import UserError

if TYPE_CHECKING:
    from pydantic import TypeAdapter


class Misfit(Exception):
    """A value does not fit: the field and why, e.g. ``metrics.image_auroc`: input should be a valid number`."""


def from_json(content: bytes) -> tuple[Any, bool]:
    """What a JSON file holds, and whether all its numbers are finite. Raises `ValueError` if it is not JSON."""
    from pydantic_core import from_json as read

    try:
        return read(content, allow_inf_nan=False), True
    except ValueError:
        return read(content), False


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
