"""The rows of a manifest, as files hold them: CSV, JSON lines or Parquet."""

from __future__ import annotations

import csv
import difflib
import io
import json
import math
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, TypeAdapter, ValidationError, ValidationInfo

from adbench.contracts.dataset import SPLITS, Split
from adbench.data.layouts import GOOD_NAMES, SPLIT_NAMES, UNGOOD_NAMES
from adbench.data.pairing import plain
from adbench.errors import UserError
from adbench.files.untrusted import read_regular
from adbench.files.windows import read_bounds

COLUMNS = ("path", "split", "label", "mask", "subject", "type", "site", "range", "frame", "id", "reason")
LARGEST = 512 << 20  # bytes
NEEDED = COLUMNS[:3]
SUFFIXES = (".csv", ".jsonl", ".parquet")
BETWEEN_MASKS = "|"
NORMAL, ABNORMAL = "normal", "abnormal"
ALSO_READ = {".tsv": ".csv", ".txt": ".csv", ".ndjson": ".jsonl", ".pq": ".parquet"}
ALIKE = 0.75  # `masks` and `mask`, but not `age` and `range`
DELIMITERS = (",", ";", "\t")


def _split(value: Any) -> Any:
    if value is None:
        return None
    found = SPLIT_NAMES.get(plain(str(value)))
    if found is None:
        raise ValueError(f"{value!r} is none of {', '.join(SPLITS)}")
    return found


def _abnormal(value: Any, info: ValidationInfo) -> Any:
    if value is None:
        return None
    word = plain(str(value))
    if word in ("0", "0.0") or word in GOOD_NAMES or word in (info.context or ()):
        return False
    if word in ("1", "1.0") or word in UNGOOD_NAMES:
        return True
    raise ValueError(f"{value!r} is neither {NORMAL} nor {ABNORMAL} (nor good or ungood, 0 or 1)")


def _masks(value: Any) -> Any:
    if value is None:
        return ()
    return tuple(part.strip() for part in str(value).split(BETWEEN_MASKS) if part.strip())


def _range(value: Any) -> Any:
    return None if value is None else read_bounds(value)


Text = str | None


class ManifestRow(BaseModel):
    """One image, or one slice of a volume. What is empty is None."""

    model_config = ConfigDict(extra="ignore", coerce_numbers_to_str=True, frozen=True)

    path: str
    split: Annotated[Split | None, BeforeValidator(_split)] = None
    label: Annotated[bool | None, BeforeValidator(_abnormal)] = None
    mask: Annotated[tuple[str, ...], BeforeValidator(_masks)] = ()
    subject: Text = None
    type: Text = None
    site: Text = None
    range: Annotated[tuple[float, float] | None, BeforeValidator(_range)] = None
    frame: Annotated[int | None, Field(ge=0)] = None
    id: Text = None
    reason: Text = None


class Fault(Exception):
    """What is wrong with a row: its line, the column and why."""

    def __init__(self, line: int, column: str, why: str) -> None:
        super().__init__(f"line {line}, column `{column}`: {why}")


def read_rows(file: Path, normal_names: frozenset[str] = frozenset()) -> list[tuple[int, ManifestRow]]:
    """The line of each row in a file, and the row.

    Raises:
        UserError: the file cannot be read, a column is missing or has an unknown name, or a row is wrong: names the line and
            the column of the first.
    """
    raw = list(_raw_rows(file))
    known = {plain(name) for name in normal_names}
    try:
        rows = TypeAdapter(list[ManifestRow]).validate_python([row for _, row in raw], context=known)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        number, column = int(first["loc"][0]), str(first["loc"][1])
        why = first["msg"].removeprefix("Value error, ")
        why = "it is empty" if raw[number][1].get(column) is None else why[:1].lower() + why[1:] if why[:1] != "'" else why
        raise refusal(file, [Fault(raw[number][0], column, why)], error.error_count()) from None
    return [(line, row) for (line, _), row in zip(raw, rows, strict=True)]


def refusal(file: Path, faults: list[Fault], count: int) -> UserError:
    """The error that names the first of so many faults."""
    more = f" (and {count - 1} more)" if count > 1 else ""
    return UserError(f"{file}, {faults[0]}{more}: correct it.")


def write_rows(file: Path, rows: Iterable[Mapping[str, Any]]) -> None:
    """Write a new file, in the format of its suffix.

    Raises:
        UserError: it exists, cannot be written, or has another suffix than `.csv`, `.jsonl` and `.parquet`.
    """
    kind = file.suffix.lower()
    if kind not in SUFFIXES:
        raise UserError(f"{file} has none of the suffixes {', '.join(SUFFIXES)}: choose one for -o.")
    among = list(rows)
    used = [column for column in COLUMNS if column in NEEDED or any(row.get(column) is not None for row in among)]
    try:
        with file.open("xb") as out:
            out.write(_encoded(kind, used, among))
    except FileExistsError:
        raise UserError(f"{file} exists, and may be corrected by hand: remove it, or choose another name.") from None
    except OSError as error:
        raise UserError(f"{file} cannot be written: {error.strerror}.") from None


def _encoded(kind: str, columns: list[str], rows: list[Mapping[str, Any]]) -> bytes:
    if kind == ".parquet":
        import pyarrow as pa
        import pyarrow.parquet as parquet

        sink = io.BytesIO()
        table = {column: [row.get(column) for row in rows] for column in columns}
        types = pa.schema([(column, pa.int64() if column == "frame" else pa.string()) for column in columns])
        parquet.write_table(pa.table(table, schema=types), sink)
        return sink.getvalue()
    if kind == ".jsonl":
        lines = (json.dumps({column: row[column] for column in columns if row.get(column) is not None}) for row in rows)
        return "".join(f"{line}\n" for line in lines).encode()
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, columns, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode(errors="surrogateescape")


def _raw_rows(file: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Line and column to value, empty values as None."""
    kind = ALSO_READ.get(file.suffix.lower(), file.suffix.lower())
    readers = {".csv": _csv, ".jsonl": _json_lines, ".parquet": _parquet}
    if kind not in readers:
        raise UserError(f"{file} is no manifest: it is {', '.join(SUFFIXES[:2])} or {SUFFIXES[2]}.")
    try:
        content = read_regular(file, LARGEST)
    except OSError as error:
        raise UserError(f"The manifest {file} cannot be read: {error.strerror}.") from None
    for line, row in readers[kind](file, content):
        yield line, {column: None if _empty(value) else value for column, value in row.items()}


def _empty(value: Any) -> bool:
    return value is None or (isinstance(value, str) and not value.strip()) or (isinstance(value, float) and math.isnan(value))


def _csv(file: Path, content: bytes) -> Iterator[tuple[int, dict[str, Any]]]:
    text = content.decode("utf-8-sig", errors="surrogateescape")
    first = text.partition("\n")[0]
    delimiter = max(DELIMITERS, key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    header = [name.strip().lower() for name in next(reader, [])]
    _check_columns(file, header)
    try:
        for cells in reader:
            if not any(cells):
                continue
            if len(cells) > len(header):
                raise refusal(file, [Fault(reader.line_num, header[-1], "the line has more cells than the header")], 1)
            yield (
                reader.line_num,
                {name: cell.strip() if name != "path" else cell for name, cell in zip(header, cells, strict=False)},
            )
    except csv.Error as error:
        raise UserError(f"{file}, line {reader.line_num}, is no CSV ({error}): correct it.") from None


def _json_lines(file: Path, content: bytes) -> Iterator[tuple[int, dict[str, Any]]]:
    seen: set[str] = set()
    for number, line in enumerate(content.decode("utf-8-sig", errors="replace").split("\n"), start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except RecursionError:
            raise UserError(f"{file}, line {number}, is no JSON (it is nested too deep): write one object a line.") from None
        except ValueError as error:
            raise UserError(f"{file}, line {number}, is no JSON ({error}): write one object a line.") from None
        if not isinstance(row, dict):
            raise UserError(
                f'{file}, line {number}, is no object such as {{"path": "1.png", "split": "test", "label": "normal"}}.'
            )
        seen |= row.keys()
        yield number, row
    _check_columns(file, seen | set(NEEDED) if seen & {"path"} else seen)


def _parquet(file: Path, content: bytes) -> Iterator[tuple[int, dict[str, Any]]]:
    import pyarrow as pa
    import pyarrow.parquet as parquet

    try:
        table = parquet.read_table(io.BytesIO(content))
    except (pa.ArrowException, OSError) as error:
        raise UserError(f"{file} is no Parquet file ({' '.join(str(error).split())}).") from None
    _check_columns(file, table.column_names)
    yield from enumerate(table.to_pylist(), start=1)


def _check_columns(file: Path, names: Iterable[str]) -> None:
    """Raise `UserError` where a column is missing, or misspelt: a mask that nobody reads would be missed too late."""
    there = list(names)
    for name in there:
        if name not in COLUMNS and (meant := next((column for column in COLUMNS if _misspells(name, column)), None)):
            raise UserError(f"{file} has a column {name!r}. Did you mean {meant!r}?")
    if lacking := [name for name in NEEDED if name not in there]:
        raise UserError(
            f"{file} has no column `{lacking[0]}`: it wants {', '.join(NEEDED)}, and may have {', '.join(COLUMNS[3:])}."
        )


def _misspells(name: str, column: str) -> bool:
    return sorted(name) == sorted(column) or difflib.SequenceMatcher(None, name, column).ratio() > ALIKE
